package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/googlelogin/operator/test/controlplane"
)

func freeAddress(t testing.TB) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = free.Close() }()
	return free.Addr().String()
}

func TestMetricsAreForThoseWhomKubernetesAllows(t *testing.T) {
	o := quiet()
	o.metricsAddress = freeAddress(t)
	start(t, plane.Config(t), o)
	x := newTeam(t)
	stranger, scraper := x.account("stranger"), x.account("scraper")
	x.create(&rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: x.ns + "-metrics-reader"},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}},
	})
	x.create(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: x.ns + "-metrics-reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: x.ns + "-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: x.ns, Name: "scraper"}},
	})
	for _, row := range []struct {
		name, token string
		status      int
	}{
		{"nobody", "", http.StatusUnauthorized},
		{"an account without the right", stranger, http.StatusForbidden},
		{"an account with the right", scraper, http.StatusOK},
	} {
		t.Run(row.name, func(t *testing.T) {
			controlplane.Eventually(t, func() string {
				status, body, err := scrape(o.metricsAddress, row.token)
				if err != nil {
					return err.Error() // It does not listen yet.
				}
				if status != row.status {
					return fmt.Sprintf("status %d, want %d", status, row.status)
				}
				if shown := strings.Contains(body, "controller_runtime_reconcile_total"); shown != (status == http.StatusOK) {
					return fmt.Sprintf("status %d with metrics shown: %t", status, shown)
				}
				return ""
			})
		})
	}
}

// account makes a ServiceAccount and returns a token of it.
func (x *team) account(name string) string {
	x.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: x.ns, Name: name}}
	x.create(account)
	token := &authenticationv1.TokenRequest{}
	if err := x.c.SubResource("token").Create(context.Background(), account, token); err != nil {
		x.Fatal(err)
	}
	return token.Status.Token
}

// scrape does not check the certificate, which is the manager's own: whom it lets in is what is tested.
func scrape(address, token string) (status int, body string, err error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest(http.MethodGet, "https://"+address+"/metrics", http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(content), err
}
