//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const serverPods = "app.kubernetes.io/instance=shop,app.kubernetes.io/component=callback-server"

func TestChildrenThatAreDeletedComeBack(t *testing.T) {
	ready(t)
	inDemo(t, "delete", "deployment/"+server, "configmap/shop-config", "service/"+server, "--wait")
	// One at a time: kubectl gives up at once if it is to wait for several that are missing.
	inDemo(t, "wait", "--for=create", "configmap/shop-config", "--timeout=60s")
	inDemo(t, "wait", "--for=create", "service/"+server, "--timeout=60s")
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.signIn(ann)
}

// Users and sessions are in a file on the claim, so a new pod knows them.
func TestASessionSurvivesItsPod(t *testing.T) {
	ready(t)
	b := newProfile(t)
	b.open(shopURL)
	b.signIn(ann)
	before := b.me()
	b.forget(cookieName)

	inDemo(t, "delete", "pod", "--selector", serverPods, "--wait")
	ready(t)
	b.reload()
	b.see(signedIn)
	if after := b.me(); after != before {
		t.Errorf("me says %+v, before it said %+v", after, before)
	}
	again := newProfile(t)
	again.open(shopURL)
	again.signIn(ann)
	if got := again.me().Subject; got != before.Subject {
		t.Errorf("Ann is user %s now, and was %s", got, before.Subject)
	}
}

func TestANewClientSecretIsUsedWithoutARestart(t *testing.T) {
	ready(t)
	pod := inDemo(t, "get", "pods", "--selector", serverPods, "-o", "jsonpath={.items[*].metadata.uid}")
	t.Cleanup(func() {
		setClientSecret(t, clientSecret(t))
		untilSignInWorks(t)
	})
	setClientSecret(t, "DEMO-another-client-secret")
	untilSignInWorks(t)
	if got := inDemo(t, "get", "pods", "--selector", serverPods, "-o", "jsonpath={.items[*].metadata.uid}"); got != pod {
		t.Errorf("the server's pod is %s now, and was %s", got, pod)
	}
}

// clientSecret is the one that the demo's manifest has.
func clientSecret(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(manifest(t, "google-client"), "client_secret: ")
	if !found {
		t.Fatal("the manifest has no client_secret")
	}
	return strings.TrimSpace(rest)
}

// setClientSecret changes the secret on both sides, as somebody does who resets it in Google's console.
func setClientSecret(t *testing.T, secret string) {
	t.Helper()
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	inDemo(t, "patch", "secret", "shop-google", "--patch", fmt.Sprintf(`{"data":{"client_secret":%q}}`, encoded))
	inDemo(t, "rollout", "restart", "deployment/fake-google")
	inDemo(t, "rollout", "status", "deployment/fake-google", "--timeout=120s")
	eventually(t, "the stand-in for Google answers", func() bool {
		return answers(accountsURL+".well-known/openid-configuration") == http.StatusOK
	})
}

// untilSignInWorks tries again until the kubelet has brought the new secret to the server. Until then a login fails, and says so
// on the shop's page.
func untilSignInWorks(t *testing.T) {
	t.Helper()
	const refused = `document.querySelector("#alert")?.checkVisibility() === true`
	eventually(t, "the new client secret is used", func() bool {
		b := newProfile(t)
		b.open(shopURL)
		b.pressSignIn()
		b.pick(ann)
		b.consentIfAsked("(" + signedIn + ") || (" + refused + ")")
		return b.holds(signedIn)
	})
}
