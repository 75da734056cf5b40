//go:build e2e

package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// M8: whatever one login and one refused login put into the world that opens something, no log and no object but the Secrets
// repeats it.
func TestM8_NoSecretIsInALogOrAnObject(t *testing.T) {
	ready(t)
	good, refused := newProfile(t), newProfile(t)
	good.open(shopURL)
	good.pressSignIn()
	good.see(visible("button.account"))
	planted := map[string]string{"client secret": clientSecret(t)}
	plantCookies(planted, "flow", good)
	good.pick(ann)
	good.consentIfAsked(signedIn)
	plantCookies(planted, "session", good)
	refused.open(shopURL)
	refused.pressSignIn()
	refused.pick(stranger)
	refused.consentIfAsked(visible("#alert"))
	plantParameters(planted, "good", good)
	plantParameters(planted, "refused", refused)
	if len(planted) < 9 {
		t.Fatalf("only %d secrets were seen, the search would prove little", len(planted))
	}

	for place, text := range places(t) {
		if text == "" {
			t.Errorf("%s is empty, the search would prove nothing", place)
		}
		for name, secret := range planted {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in %s", name, place)
			}
		}
	}
}

// plantCookies keeps what the cookies hold. Of a JWT the signature suffices: no two tokens share one.
func plantCookies(planted map[string]string, when string, b *tab) {
	for name, cookie := range b.cookies() {
		value := cookie.Value
		if parts := strings.Split(value, "."); len(parts) == 3 {
			value = parts[2]
		}
		planted[when+" cookie "+name] = value
	}
}

// plantParameters keeps what the tab's addresses held.
func plantParameters(planted map[string]string, who string, b *tab) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		for _, name := range []string{"code", "state", "nonce"} {
			if value := u.Query().Get(name); value != "" {
				planted[who+" "+name] = value
			}
		}
	}
}

// places are the texts that people see who may not see Secrets. Caddy's log is none of ours.
func places(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{
		"the objects of the namespace": inDemo(t, "get", "configmaps,deployments,replicasets,pods,services,googlelogins,persistentvolumeclaims", "-o", "yaml"),
		"the events":                   inDemo(t, "get", "events", "-o", "yaml"),
	}
	for _, ns := range []string{namespace, system} {
		pods, err := kubectl("--namespace", ns, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}")
		if err != nil {
			t.Fatal(err)
		}
		for _, pod := range slices.DeleteFunc(strings.Fields(pods), func(name string) bool { return strings.HasPrefix(name, "caddy-") }) {
			log, err := kubectl("--namespace", ns, "logs", pod, "--all-containers", "--tail=-1")
			if err != nil {
				t.Fatal(err)
			}
			found["the log of "+pod] = log
		}
	}
	return found
}
