package workload_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/workload"
	"github.com/googlelogin/operator/server/workload/workloadtest"
)

var start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// knowing is a Verifier and the keys that it knows.
type knowing struct {
	*workload.Keys
	*workload.Verifier
}

func newVerifier(issuer string, now func() time.Time) knowing {
	keys := new(workload.Keys)
	return knowing{keys, workload.New(keys, issuer, "shops/shop", now)}
}

// verifier knows the keys of a cluster.
func verifier(t *testing.T, c *workloadtest.Cluster, now func() time.Time) knowing {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cluster-keys.json")
	c.WriteJWKS(path)
	v := newVerifier(workloadtest.Issuer, now)
	if err := v.Load(path); err != nil {
		t.Fatal(err)
	}
	return v
}

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

func TestVerify_SaysWhoseTokenItIs(t *testing.T) {
	for name, c := range map[string]*workloadtest.Cluster{
		"RS256": workloadtest.RSA(t, at(start)), "ES256": workloadtest.ECDSA(t, at(start)), "ES384": es384(t),
	} {
		t.Run(name, func(t *testing.T) {
			account, err := verifier(t, c, at(start)).Verify(c.Token("shops", "support.desk"))
			if want := (workload.Account{Namespace: "shops", Name: "support.desk"}); account != want || err != nil {
				t.Errorf("%q (%v), want %q", account, err, want)
			}
			if account.String() != "shops/support.desk" {
				t.Errorf("written as %q", account)
			}
		})
	}
}

func es384(t *testing.T) *workloadtest.Cluster {
	t.Helper()
	c := workloadtest.ECDSA(t, at(start))
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.Method, c.Key = jwt.SigningMethodES384, key
	return c
}

// L1 is about whoever calls without an identity of the cluster, or with one that is meant for somebody else.
func TestL1_TokensThatProveNothing(t *testing.T) {
	c := workloadtest.ECDSA(t, at(start))
	v := verifier(t, c, at(start))
	// changed signs what the cluster would, with one claim changed; nil removes it.
	changed := func(name string, value any) string {
		claims := c.Claims("shops", "desk")
		claims[name] = value
		maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
		return c.Sign(claims, nil)
	}
	names := func(namespace, name string) map[string]any {
		return map[string]any{"namespace": namespace, "serviceaccount": map[string]any{"name": name}}
	}
	good := c.Token("shops", "desk")
	parts := strings.Split(good, ".")
	unix := start.Unix()
	for name, token := range map[string]string{
		"empty": "", "no token": "x", "two parts": parts[0] + "." + parts[1], "a fourth part": good + ".x",
		"too long":                          changed("more", strings.Repeat("a", 8<<10)),
		"signature cut":                     good[:len(good)-2],
		"signature of another token":        parts[0] + "." + parts[1] + "." + strings.Split(c.Token("shops", "other"), ".")[2],
		"the same bits in another spelling": respelt(good),
		"padded":                            good + "=",
		"a line break in it":                parts[0] + "." + parts[1] + "\n." + parts[2],
		"of another cluster":                another(t, c.KeyID).Token("shops", "desk"),
		"of a key that is not published":    c.Sign(c.Claims("shops", "desk"), map[string]any{"kid": "../../x"}),
		"without kid":                       c.Sign(c.Claims("shops", "desk"), map[string]any{"kid": nil}),
		"an empty kid":                      c.Sign(c.Claims("shops", "desk"), map[string]any{"kid": ""}),
		"kid a number":                      c.Sign(c.Claims("shops", "desk"), map[string]any{"kid": 1}),
		"critical extensions":               c.Sign(c.Claims("shops", "desk"), map[string]any{"crit": []string{"exp"}}),
		"alg none":                          unsigned(t, c),
		"HMAC with the public key":          hmac(t, c),
		"iss of another cluster":            changed("iss", "https://other.example"),
		"iss with a slash":                  changed("iss", workloadtest.Issuer+"/"),
		"iss missing":                       changed("iss", nil),
		"L1 for the API server":             changed("aud", []string{workloadtest.Issuer}),
		"L1 for an audience alike":          changed("aud", []string{"googlelogin2", "Googlelogin"}),
		"L1 for nobody":                     changed("aud", nil),
		"over":                              changed("exp", unix-60),
		"without end":                       changed("exp", nil),
		"not valid yet":                     changed("nbf", unix+61),
		"nbf missing":                       changed("nbf", nil),
		"issued in the future":              changed("iat", unix+61),
		"iat missing":                       changed("iat", nil),
		"L1 made for more than a day":       changed("exp", unix+24*3600+1),
		"of a user":                         changed("sub", "admin"),
		"of a node":                         changed("sub", "system:node:node-1"),
		"sub missing":                       changed("sub", nil),
		"sub without a name":                changed("sub", "system:serviceaccount:shops"),
		"sub with an empty name":            changed("sub", "system:serviceaccount:shops:"),
		"sub with a part more":              changed("sub", "system:serviceaccount:shops:desk:x"),
		"sub in another namespace":          changed("sub", "system:serviceaccount:other:desk"),
		"sub under another name":            changed("sub", "system:serviceaccount:shops:other"),
		"kubernetes.io missing":             changed("kubernetes.io", nil),
		"kubernetes.io of another space":    changed("kubernetes.io", names("other", "desk")),
		"kubernetes.io of another name":     changed("kubernetes.io", names("shops", "other")),
		"names empty in both":               both(c, "", ""),
		"namespace empty in both":           both(c, "", "desk"),
		"name empty in both":                both(c, "shops", ""),
		"a name with a colon in both":       both(c, "shops", "desk:x"),
		"kubernetes.io of another shape":    changed("kubernetes.io", "shops/desk"),
		"a legacy token out of a Secret":    c.Sign(jwt.MapClaims{"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:shops:desk"}, nil),
		"L1 a good one of another audience": changed("aud", "https://kubernetes.default.svc"),
	} {
		account, err := v.Verify(token)
		if !errors.Is(err, workload.ErrInvalid) || account != (workload.Account{}) {
			t.Errorf("%s: %q, %v", name, account, err)
		}
		if err != nil && len(err.Error()) > 150 {
			t.Errorf("%s: the error may quote the token: %v", name, err)
		}
	}
	if _, err := v.Verify(good); err != nil {
		t.Errorf("the token itself: %v", err)
	}
	for name, value := range map[string]any{"exp": unix - 59, "nbf": unix + 60, "iat": unix + 60, "aud": []string{"x", "googlelogin"}} {
		if _, err := v.Verify(changed(name, value)); err != nil {
			t.Errorf("%s within what clocks may differ, or among others: %v", name, err)
		}
	}
}

// L1 is about a token that somebody else was shown: support/desk calls for several teams, and each team's server sees its tokens.
func TestL1_ACallerOfAnotherNamespaceShowsATokenForThisGoogleLoginAlone(t *testing.T) {
	c := workloadtest.ECDSA(t, at(start))
	v := verifier(t, c, at(start))
	for name, row := range map[string]struct {
		namespace string
		audience  []string
		good      bool
	}{
		"made for any":                          {"support", []string{"googlelogin"}, false},
		"made for the one of another team":      {"support", []string{"googlelogin/others/shop"}, false},
		"made for another one of the namespace": {"support", []string{"googlelogin/shops/shop2"}, false},
		"made for this one":                     {"support", []string{"googlelogin/shops/shop"}, true},
		"made for this one and another":         {"support", []string{"googlelogin/others/shop", "googlelogin/shops/shop"}, true},
		"a namespace that begins alike":         {"shop", []string{"googlelogin"}, false},
		"of the same namespace, for any":        {"shops", []string{"googlelogin"}, true},
		"of the same namespace, for this one":   {"shops", []string{"googlelogin/shops/shop"}, true},
		"of the same namespace, for another":    {"shops", []string{"googlelogin/others/shop"}, false},
	} {
		claims := c.Claims(row.namespace, "desk")
		claims["aud"] = row.audience
		if _, err := v.Verify(c.Sign(claims, nil)); (err == nil) != row.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := v.Verify(c.Token("support", "desk"))
	if err == nil || !strings.Contains(err.Error(), workload.AudienceOf("shops/shop")) {
		t.Errorf("the way out is not named: %v", err)
	}
}

// both says the same two names in both places.
func both(c *workloadtest.Cluster, namespace, name string) string {
	return c.Sign(c.Claims(namespace, name), nil)
}

// respelt changes the bits of the last character that stand for nothing.
func respelt(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])^1])
}

// Clusters publish what their keys are for. One that did not would leave the choice to the token.
func TestVerify_TheListOfAlgorithmsIsClosed(t *testing.T) {
	c := workloadtest.RSA(t, at(start))
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(strings.Replace(string(c.JWKS()), `"alg":"RS256",`, "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	v := newVerifier(workloadtest.Issuer, at(start))
	if err := v.Load(path); err != nil {
		t.Fatal(err)
	}
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodRS256, jwt.SigningMethodRS512, jwt.SigningMethodPS256} {
		c.Method = method
		_, err := v.Verify(c.Token("shops", "desk"))
		if accepted := err == nil; accepted != (method.Alg() == "RS256") {
			t.Errorf("%s: %v", method.Alg(), err)
		}
	}
}

// another is a cluster with another key under the same ID.
func another(t *testing.T, kid string) *workloadtest.Cluster {
	t.Helper()
	c := workloadtest.ECDSA(t, at(start))
	c.KeyID = kid
	return c
}

func unsigned(t *testing.T, c *workloadtest.Cluster) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodNone, c.Claims("shops", "desk"))
	token.Header["kid"] = c.KeyID
	signed, err := token.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func hmac(t *testing.T, c *workloadtest.Cluster) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c.Claims("shops", "desk"))
	token.Header["kid"] = c.KeyID
	signed, err := token.SignedString(c.JWKS())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestVerify_NobodyWithoutKeysOrIssuer(t *testing.T) {
	c := workloadtest.ECDSA(t, at(start))
	if _, err := newVerifier(workloadtest.Issuer, at(start)).Verify(c.Token("a", "b")); !errors.Is(err, workload.ErrNoKeys) {
		t.Errorf("without keys: %v", err)
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	c.WriteJWKS(path)
	v := newVerifier("", at(start))
	if err := v.Load(path); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(c.Token("a", "b")); !errors.Is(err, workload.ErrNoKeys) {
		t.Errorf("without an issuer: %v", err)
	}
}

func TestLoad_KeepsTheOldKeysWhenTheNewOnesAreBad(t *testing.T) {
	c := workloadtest.ECDSA(t, at(start))
	v := verifier(t, c, at(start))
	path := filepath.Join(t.TempDir(), "keys.json")
	nameless := another(t, "")
	for name, content := range map[string]string{
		"empty": "", "no JSON": "{", "a list": "[]", "no keys": "{}", "an empty list": `{"keys":[]}`, "larger than any": string(c.JWKS()) + strings.Repeat(" ", 1<<20),
		"for encryption":   strings.Replace(string(c.JWKS()), `"sig"`, `"enc"`, 1),
		"an HMAC key":      `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a","alg":"HS256"}]}`,
		"a key without ID": string(nameless.JWKS()),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := v.Load(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error is %v, want it to name the file", name, err)
		}
	}
	if err := v.Load(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("loaded a file that is not there")
	}
	if _, err := v.Verify(c.Token("shops", "desk")); err != nil {
		t.Errorf("the old keys are gone: %v", err)
	}
}

func TestLoad_FollowsARotation(t *testing.T) {
	before, after := workloadtest.RSA(t, at(start)), workloadtest.ECDSA(t, at(start))
	v := verifier(t, before, at(start))
	path := filepath.Join(t.TempDir(), "keys.json")
	// Both, while tokens of the old key are about, and one that nobody can read.
	write := func(sets ...[]byte) {
		t.Helper()
		joined := map[string][]json.RawMessage{"keys": {json.RawMessage(`{"kty":"EC","crv":"P-1","kid":"odd"}`)}}
		for _, set := range sets {
			var one map[string][]json.RawMessage
			if err := json.Unmarshal(set, &one); err != nil {
				t.Fatal(err)
			}
			joined["keys"] = append(joined["keys"], one["keys"]...)
		}
		content, err := json.Marshal(joined)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := v.Load(path); err != nil {
			t.Fatal(err)
		}
	}
	accepts := func() [2]bool {
		_, errBefore := v.Verify(before.Token("shops", "desk"))
		_, errAfter := v.Verify(after.Token("shops", "desk"))
		return [2]bool{errBefore == nil, errAfter == nil}
	}
	if got := accepts(); got != [2]bool{true, false} {
		t.Errorf("at first: %v", got)
	}
	write(before.JWKS(), after.JWKS())
	if got := accepts(); got != [2]bool{true, true} {
		t.Errorf("with both keys: %v", got)
	}
	write(after.JWKS())
	if got := accepts(); got != [2]bool{false, true} {
		t.Errorf("after the old key is gone: %v", got)
	}
}
