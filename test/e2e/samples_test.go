//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// Whoever applies the samples as they stand gets servers that are ready, one for each.
func TestTheSamplesBecomeReady(t *testing.T) {
	const samples = "googlelogin-samples"
	t.Cleanup(func() {
		if _, err := kubectl("delete", "namespace", samples, "--wait"); err != nil {
			t.Error(err)
		}
	})
	run := func(args ...string) string {
		t.Helper()
		out, err := kubectl(append([]string{"--namespace", samples}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	run("create", "namespace", samples)
	run("label", "namespace", samples, "pod-security.kubernetes.io/enforce=restricted")
	run("apply", "-f", "../../config/samples")
	logins := strings.Fields(run("get", "googlelogins", "-o", "name"))
	if len(logins) < 2 {
		t.Fatalf("the samples hold %d GoogleLogins", len(logins))
	}
	for _, login := range logins {
		run("wait", "--for=condition=Ready", login, "--timeout=120s")
		_, name, _ := strings.Cut(login, "/")
		// No browser gets here, since nothing routes to it; the API server does.
		path := "/api/v1/namespaces/" + samples + "/services/http:" + name + "-googlelogin:http/proxy/auth/jwks.json"
		if keys := run("get", "--raw", path); !strings.Contains(keys, `"ES256"`) {
			t.Errorf("%s publishes %s", login, keys)
		}
	}
}
