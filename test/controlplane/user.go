package controlplane

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

// ManagerConfig returns the credentials of a user who may do what the manager's generated role allows and nothing else, so that
// a right which the role lacks fails a test and not an installation. With namespaces the user has those rights only there.
func (p *Plane) ManagerConfig(t testing.TB, user string, namespaces ...string) *rest.Config {
	t.Helper()
	ctx := context.Background()
	c := p.Client(t)
	role := managerRole(t)
	if err := c.Create(ctx, role); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name}
	for _, ns := range namespaces {
		binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: user}, RoleRef: ref, Subjects: subjects}
		if err := c.Create(ctx, binding); err != nil {
			t.Fatal(err)
		}
	}
	if len(namespaces) == 0 {
		binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: user}, RoleRef: ref, Subjects: subjects}
		if err := c.Create(ctx, binding); err != nil {
			t.Fatal(err)
		}
	}
	added, err := p.env.AddUser(envtest.User{Name: user}, p.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	return added.Config()
}

func managerRole(t testing.TB) *rbacv1.ClusterRole {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(content, role); err != nil {
		t.Fatal(err)
	}
	return role
}
