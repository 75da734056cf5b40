//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// A support desk that the GoogleLogin names finds a user and ends her sessions. Nobody else gets in, and when it is named no longer,
// neither does the desk.
func TestASupportDeskSignsAUserOut(t *testing.T) {
	ready(t)
	for _, account := range []string{"support-desk", "passer-by"} {
		inDemo(t, "create", "serviceaccount", account)
		t.Cleanup(func() { inDemo(t, "delete", "serviceaccount", account) })
	}
	patchShop(t, `{"spec":{"internalAPI":{"callers":[{"serviceAccount":"support-desk","permissions":["Users","Sessions"]}]}}}`)
	t.Cleanup(func() { patchShop(t, `{"spec":{"internalAPI":null}}`) })
	b := newProfile(t)
	b.open(shopURL)
	b.signIn(bob)

	desk := adminAPI{forward(t, "8082"), inDemo(t, "create", "token", "support-desk", "--audience", "googlelogin")}
	for what, token := range map[string]string{
		"a ServiceAccount that is not named":  inDemo(t, "create", "token", "passer-by", "--audience", "googlelogin"),
		"the desk's token for the API server": inDemo(t, "create", "token", "support-desk"),
		"no token":                            "",
	} {
		if status, _ := (adminAPI{desk.address, token}).call(t, http.MethodGet, "/v1/users"); status != http.StatusUnauthorized && status != http.StatusForbidden {
			t.Errorf("%s gets %d", what, status)
		}
	}

	status, body := desk.call(t, http.MethodGet, "/v1/users?email="+bob)
	var page struct {
		Users []struct {
			ID    string `json:"id"`
			Email string `json:"email"`
		} `json:"users"`
	}
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK || len(page.Users) != 1 || page.Users[0].Email != bob {
		t.Fatalf("the desk looks for %s and gets %d %s (%v)", bob, status, body, err)
	}
	if got := b.me().Subject; got != page.Users[0].ID {
		t.Errorf("the desk finds user %s, and the browser is user %s", page.Users[0].ID, got)
	}
	if status, body := desk.call(t, http.MethodDelete, "/v1/users/"+page.Users[0].ID+"/sessions"); status != http.StatusOK {
		t.Fatalf("the desk ends all sessions and gets %d %s", status, body)
	}
	b.reload()
	b.see(signedOut)
	if got := b.me().Status; got != http.StatusUnauthorized {
		t.Errorf("me answers %d after the desk has ended the session", got)
	}
}

// patchShop changes the GoogleLogin and waits until its servers go by it.
func patchShop(t *testing.T, patch string) {
	t.Helper()
	inDemo(t, "patch", "googlelogin", "shop", "--type=merge", "--patch", patch)
	generation := inDemo(t, "get", "googlelogin", "shop", "-o", "jsonpath={.metadata.generation}")
	inDemo(t, "wait", "googlelogin/shop", "--for=jsonpath={.status.observedGeneration}="+generation, "--timeout=60s")
	ready(t)
}

// forward opens a port of this machine that leads to the shop's server, until the test ends, and returns its address.
func forward(t *testing.T, port string) string {
	t.Helper()
	command := exec.Command("kubectl", "--namespace", namespace, "port-forward", "--address", "127.0.0.1", "service/"+server, ":"+port)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	found := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if err != nil || found == "" {
		t.Fatalf("kubectl port-forward said %q (%v)", line, err)
	}
	return "http://" + found
}

// adminAPI is the API for administrators, and the token to call it with.
type adminAPI struct{ address, token string }

func (a adminAPI) call(t *testing.T, method, path string) (status int, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(a.token))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}
