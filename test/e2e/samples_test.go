//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// neighbours are the samples for clusters that have more than this one, and what each of their conditions asks for.
var neighbours = map[string]map[string]string{
	"googlelogin.googlelogin.dev/market": {
		"StorageReady": `Secret "market-db-app"`,
		"Exposed":      "install the CRDs of the Gateway API",
		"Monitored":    "install the CRDs of the Prometheus operator",
		"Ready":        "market-db-app",
	},
}

// Whoever applies the samples as they stand gets servers that are ready, or is told what the cluster lacks.
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
	if len(logins) < 4 {
		t.Fatalf("the samples hold %d GoogleLogins", len(logins))
	}
	for _, login := range logins {
		if _, wants := neighbours[login]; wants {
			continue
		}
		run("wait", "--for=condition=Ready", login, "--timeout=120s")
		_, name, _ := strings.Cut(login, "/")
		// No browser gets here, since nothing routes to it; the API server does.
		path := "/api/v1/namespaces/" + samples + "/services/http:" + name + "-googlelogin:http/proxy/auth/jwks.json"
		if keys := run("get", "--raw", path); !strings.Contains(keys, `"ES256"`) {
			t.Errorf("%s publishes %s", login, keys)
		}
	}
	for login, conditions := range neighbours {
		for condition, message := range conditions {
			run("wait", "--for=condition="+condition+"=False", login, "--timeout=60s")
			got := run("get", login, "-o", `jsonpath={.status.conditions[?(@.type=="`+condition+`")].message}`)
			if !strings.Contains(got, message) {
				t.Errorf("%s says of %s: %q, without %q", login, condition, got, message)
			}
		}
	}
}
