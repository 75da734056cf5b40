//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"
)

func TestExplainTellsWhatToWrite(t *testing.T) {
	rows := map[string][]string{
		"googlelogin.spec.redirectURIs": {
			"FIELD: redirectURIs <[]string>", `"Authorized redirect URIs"`, "status.redirectURIsToRegister", "Example:",
		},
		"googlelogin.spec":        {"redirectURIs\t<[]string> -required-", "access\t<Object>"},
		"glogin.spec.access":      {"hostedDomains", "Restricted", "nobody if both"},
		"googlelogin.status.keys": {"without their private parts", "<[]Object>"},
	}
	for path, wants := range rows {
		out, err := kubectl("explain", path)
		if err != nil {
			t.Error(err)
		}
		// explain breaks its lines wherever they are full.
		flowing := strings.Join(strings.Fields(out), " ")
		for _, want := range wants {
			if !strings.Contains(flowing, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("explain %s does not say %q:\n%s", path, want, out)
			}
		}
	}
}

func TestAWrongObjectIsRefusedWithTheWayOut(t *testing.T) {
	good := manifest(t, "googlelogin")
	rows := map[string]struct{ old, new, want string }{
		"a redirect URI in plain http": {
			"- https://shop.localhost:8443/auth/callback", "- http://shop.localhost:8443/auth/callback",
			"a redirect URI must use https; Google allows http for localhost",
		},
		"a redirect URI on an endpoint of the server": {
			"- https://shop.localhost:8443/auth/callback", "- https://shop.localhost:8443/auth/login",
			"use <basePath>/callback",
		},
		"a private name with Google itself": {
			"issuer: http://fake-google.googlelogin-demo.svc:8080", `issuer: ""`,
			"set google.issuer to a stand-in for tests",
		},
		"gmail.com as a hosted domain": {
			"hostedDomains: [example.com]", "hostedDomains: [gmail.com]",
			"personal accounts have no hosted domain",
		},
		"a field that does not exist": {
			"hostedDomains: [example.com]", "hostedDomain: example.com",
			`unknown field "spec.access.hostedDomain"`,
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Replace(good, row.old, row.new, 1)
			if wrong == good {
				t.Fatalf("the manifest does not hold %q", row.old)
			}
			_, err := apply(wrong, "--dry-run=server")
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestStatusTellsWhatToRegisterAndWhoVouches(t *testing.T) {
	ready(t)
	rows := map[string]string{
		"{.status.redirectURIsToRegister[*]}": "https://shop.localhost:8443/auth/callback",
		"{.status.loginURL}":                  issuer + "/login",
		"{.status.jwksURL}":                   issuer + "/jwks.json",
		"{.status.standInIssuer}":             "http://fake-google.googlelogin-demo.svc:8080",
		"{.status.readyReplicas}":             "1",
		"{.status.keys[0].algorithm}":         "ES256",
	}
	for path, want := range rows {
		if got := inDemo(t, "get", "googlelogin", "shop", "-o", "jsonpath="+path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// manifest reads one of the demo's manifests.
func manifest(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("../demo/manifests/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
