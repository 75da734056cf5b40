package v1beta1_test

import (
	"context"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// valid is a GoogleLogin that sets no more than it must. Every row below changes one thing in it.
const valid = `
apiVersion: googlelogin.dev/v1beta1
kind: GoogleLogin
metadata: {name: shop, namespace: default}
spec:
  client: {secretRef: {name: shop-google}}
  redirectURIs: [https://shop.example.com/auth/callback]
  frontend: {homeURL: https://shop.example.com/}
`

// set puts the value, written in YAML, at a dotted path; an empty value removes the field.
func set(t *testing.T, o *unstructured.Unstructured, path, value string) {
	t.Helper()
	fields := strings.Split(path, ".")
	if value == "" {
		unstructured.RemoveNestedField(o.Object, fields...)
		return
	}
	var v any
	if err := yaml.Unmarshal([]byte(value), &v); err != nil {
		t.Fatalf("row is not YAML: %v", err)
	}
	if err := unstructured.SetNestedField(o.Object, v, fields...); err != nil {
		t.Fatal(err)
	}
}

func object(t *testing.T, changes ...string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(valid), &o.Object); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		set(t, o, changes[i], changes[i+1])
	}
	return o
}

// TestRefused shows, for every rule of the CRD, the message a person gets from a real API server.
func TestRefused(t *testing.T) {
	const uris, ret = "spec.redirectURIs", "spec.frontend.returnURLs"
	for _, row := range []struct {
		name    string
		changes []string
		message string
	}{
		{"name with a dot", []string{"metadata.name", "shop.two"}, "metadata.name must be at most 40 characters"},
		{"name too long for a cookie", []string{"metadata.name", strings.Repeat("a", 41)}, "metadata.name must be at most 40 characters"},
		{"name that begins with a digit", []string{"metadata.name", "2shop"}, "metadata.name must be at most 40 characters, begin with a letter"},

		{"no client", []string{"spec.client", ""}, "spec.client: Required value"},
		{"no secretRef", []string{"spec.client", "{id: abc}"}, "spec.client.secretRef: Required value"},
		{"no Secret name", []string{"spec.client.secretRef", "{clientIDKey: a}"}, "spec.client.secretRef.name: Required value"},
		{"client ID with a line break", []string{"spec.client.id", `"abc\n"`}, "client.id must not hold spaces"},
		{"Secret name with a slash", []string{"spec.client.secretRef.name", "other/shop-google"}, "client.secretRef.name must be the name of a Secret"},
		{"Secret key with a slash", []string{"spec.client.secretRef.clientSecretKey", "../x"}, "must be a key of a Secret"},
		{"Secret key that climbs", []string{"spec.client.secretRef.clientIDKey", "'..'"}, "must be a key of a Secret"},
		{"credentials key of dots", []string{"spec.client.secretRef.credentialsKey", "'.'"}, "must be a key of a Secret"},

		{"no redirect URI", []string{uris, ""}, "spec.redirectURIs: Required value"},
		{"an empty list of redirect URIs", []string{uris, "[]"}, "spec.redirectURIs in body should have at least 1 items"},
		{"the same redirect URI twice", []string{uris, "[https://a.example.com/cb, https://a.example.com/cb]"}, "redirectURIs must not hold the same URI twice"},
		{"plain http", []string{uris, "[http://shop.example.com/auth/callback]"}, "must use https; Google allows http for localhost"},
		{"not a URL", []string{uris, "[shop.example.com/auth/callback]"}, "must be an absolute URL"},
		{"another scheme", []string{uris, "['myapp://shop.example.com/cb']"}, "must be an absolute URL in lower-case http or https"},
		{"raw IPv4 address", []string{uris, "[https://203.0.113.7/auth/callback]"}, "must name a host, not a raw IP address"},
		{"raw IPv6 address", []string{uris, "['https://[2001:db8::1]/auth/callback']"}, "must name a host, not a raw IP address"},
		{"host in upper case", []string{uris, "[https://Shop.example.com/auth/callback]"}, "must be in lower case"},
		{"user name", []string{uris, "[https://ann@shop.example.com/auth/callback]"}, "must not hold a user name or password"},
		{"fragment", []string{uris, "[https://shop.example.com/auth/callback#x]"}, "must not have a fragment"},
		{"query", []string{uris, "['https://shop.example.com/auth/callback?x=1']"}, "must not have a query"},
		{"wildcard host", []string{uris, "['https://*.example.com/auth/callback']"}, "must not hold a wildcard"},
		{"dot segments", []string{uris, "[https://shop.example.com/auth/../callback]"}, "path traversal"},
		{"encoded dot segments", []string{uris, "['https://shop.example.com/auth/%2E%2e/callback']"}, "path traversal"},
		{"encoded slash before dots", []string{uris, "['https://shop.example.com/auth%2f../callback']"}, "path traversal"},
		{"backslash", []string{uris, `['https://shop.example.com/auth\..\callback']`}, "backslash"},
		{"malformed percent encoding", []string{uris, "['https://shop.example.com/auth/%4/callback']"}, "malformed percent encoding"},
		{"encoded NUL", []string{uris, "['https://shop.example.com/auth/%00']"}, "%00"},
		{"space", []string{uris, "['https://shop.example.com/auth callback']"}, "printable ASCII only"},
		{"international host", []string{uris, "['https://магазин.example.com/auth/callback']"}, "xn-- form"},
		{"no path", []string{uris, "[https://shop.example.com]"}, "must have a path of its own"},
		{"the root path", []string{uris, "[https://shop.example.com/]"}, "must have a path of its own"},
		{"the path of another endpoint", []string{uris, "[https://shop.example.com/auth/login]"}, "must not be one of the server's own endpoints"},
		{"the path of forward auth", []string{uris, "[https://shop.example.com/auth/check/nginx]"}, "must not be under <basePath>/check/"},
		{"the path of the logo", []string{uris, "[https://shop.example.com/auth/logo]"}, "must not be one of the server's own endpoints"},
		{"basePath itself", []string{uris, "[https://shop.example.com/auth]"}, "must not be one of the server's own endpoints"},
		{"host that Google does not register", []string{uris, "[https://shop.internal/auth/callback]"}, "Google registers only redirect URIs whose host is under a public suffix"},
		{"host of one label", []string{uris, "[https://shop/auth/callback]"}, "Google registers only redirect URIs whose host is under a public suffix"},
		{"17 redirect URIs", []string{uris, "[" + strings.Repeat("https://a.example.com/cb,", 16) + "https://b.example.com/cb]"}, "must have at most 16 items"},

		{"scopes without openid", []string{"spec.scopes", "[email]"}, "scopes must contain openid and email"},
		{"scopes without email", []string{"spec.scopes", "[openid]"}, "scopes must contain openid and email"},
		{"the scope Google does not have", []string{"spec.scopes", "[openid, email, offline_access]"}, "Google has no scope offline_access"},
		{"two scopes in one item", []string{"spec.scopes", "[openid, email, 'a b']"}, "a scope must not hold spaces"},

		{"basePath without a slash", []string{"spec.basePath", "auth"}, "basePath must begin with '/'"},
		{"basePath with a slash at its end", []string{"spec.basePath", "/auth/"}, "basePath must begin with '/'"},
		{"basePath that climbs", []string{"spec.basePath", "/auth/.."}, "basePath must begin with '/'"},

		{"unknown prompt", []string{"spec.google.prompt", "login"}, `Unsupported value: "login"`},
		{"stand-in that is not a URL", []string{"spec.google.issuer", "accounts.example.com"}, "google.issuer must be an http or https URL"},
		{"stand-in with a query", []string{"spec.google.issuer", "'https://a.example.com/?x'"}, "google.issuer must be an http or https URL without query"},
		{"stand-in over plain http on a public name", []string{"spec.google.issuer", "http://accounts.example.com"}, "google.issuer must use https"},
		{"stand-in over plain http on a name that looks private", []string{"spec.google.issuer", "http://10.example.com"}, "google.issuer must use https"},

		{"signing keys that rotate too fast", []string{"spec.signingKeys", "{rotationPeriod: 59s, prePublish: 30s, jwksMaxAge: 5s}"}, "signingKeys.rotationPeriod must be between 1m and 8760h"},
		{"signing keys that rotate once in two years", []string{"spec.signingKeys.rotationPeriod", "17520h"}, "signingKeys.rotationPeriod must be between 1m and 8760h"},
		{"a rotation period that is no duration", []string{"spec.signingKeys.rotationPeriod", "30d"}, "spec.signingKeys.rotationPeriod in body should match"},
		{"a key set cached for too short", []string{"spec.signingKeys.jwksMaxAge", "4s"}, "signingKeys.jwksMaxAge must be between 5s and 24h"},
		{"a key set cached for too long", []string{"spec.signingKeys", "{jwksMaxAge: 25h, prePublish: 48h}"}, "signingKeys.jwksMaxAge must be between 5s and 24h"},
		{"keys published before their predecessor signs", []string{"spec.signingKeys.rotationPeriod", "24h"}, "signingKeys.prePublish must be shorter than signingKeys.rotationPeriod"},
		{"keys published later than the key set is cached", []string{"spec.signingKeys", "{rotationPeriod: 10m, prePublish: 1m, jwksMaxAge: 61s}"}, "signingKeys.prePublish must not be shorter than signingKeys.jwksMaxAge"},
		{"keys that pods may learn too late", []string{"spec.signingKeys", "{prePublish: 16m59s}"}, "signingKeys.prePublish must be at least signingKeys.jwksMaxAge and 2m more"},
		{"keys dropped before their tokens expire", []string{"spec.signingKeys.retain", "9m59s"}, "signingKeys.retain must not be shorter than session.accessTokenTTL"},
		{"keys kept for ever", []string{"spec.signingKeys.retain", "7201h"}, "signingKeys.retain must be at most ten times signingKeys.rotationPeriod"},
		{"keys that rotate much faster than tokens expire", []string{"spec.signingKeys", "{rotationPeriod: 59s, prePublish: 30s, jwksMaxAge: 5s}"}, "signingKeys.rotationPeriod must be at least a tenth of session.accessTokenTTL"},
		{"a Secret of keys with a slash", []string{"spec.signingKeys.secretName", "other/keys"}, "signingKeys.secretName must be the name of a Secret"},
		{"an unknown deletion policy", []string{"spec.signingKeys.deletionPolicy", "Orphan"}, `Unsupported value: "Orphan"`},

		{"no home", []string{"spec.frontend", "{loginURL: https://shop.example.com/login}"}, "spec.frontend.homeURL: Required value"},
		{"home over plain http", []string{"spec.frontend.homeURL", "http://shop.example.com/"}, "must use https; plain http is allowed for localhost"},
		{"home with a user name", []string{"spec.frontend.homeURL", "https://ann@shop.example.com/"}, "must be an absolute http or https URL without user name"},
		{"home with a backslash", []string{"spec.frontend.homeURL", `'https://shop.example.com\@evil.example/'`}, "must be an absolute http or https URL without user name"},
		{"login page that is a script", []string{"spec.frontend.loginURL", "'javascript:alert(1)'"}, "must be an absolute http or https URL"},
		{"login page with a fragment", []string{"spec.frontend.loginURL", "'https://shop.example.com/#/login'"}, "without user name, fragment"},
		{"return URL that is a bare wildcard", []string{ret, "['*']"}, "must be a URL such as"},
		{"return URL for a whole top-level domain", []string{ret, "['https://*.com/*']"}, "a wildcard needs a registrable domain"},
		{"return URL with a wildcard inside a label", []string{ret, "['https://shop*.example.com/']"}, "must be a URL such as"},
		{"return URL with a wildcard inside the path", []string{ret, "['https://shop.example.com/*/x']"}, "must be a URL such as"},
		{"return URL with a user name", []string{ret, "['https://shop.example.com@evil.example/']"}, "must be a URL such as"},
		{"return URL over plain http", []string{ret, "['http://shop.example.com/*']"}, "must use https; plain http is allowed for localhost"},
		{"return URL over plain http on a name that begins like localhost", []string{ret, "['http://localhost.evil.example/*']"}, "must use https; plain http is allowed for localhost"},
		{"return URL with dot segments", []string{ret, "['https://shop.example.com/a/../*']"}, "must not hold /. or /.. in its path"},
		{"return URL with a backslash", []string{ret, `['https://shop.example.com/a\b']`}, "must be a URL such as"},

		{"unknown kind of accounts", []string{"spec.access.accounts", "Everybody"}, `Unsupported value: "Everybody"`},
		{"Any beside a hosted domain", []string{"spec.access", "{accounts: Any, hostedDomains: [example.com]}"}, "access.accounts Any admits every Google account"},
		{"Any beside an email", []string{"spec.access", "{accounts: Any, emails: [ann@example.com]}"}, "access.accounts Any admits every Google account"},
		{"hosted domain with an @", []string{"spec.access.hostedDomains", "['@example.com']"}, "must be a domain in lower case"},
		{"hosted domain with a wildcard", []string{"spec.access.hostedDomains", "['*.example.com']"}, "must be a domain in lower case"},
		{"hosted domain of personal accounts", []string{"spec.access.hostedDomains", "[gmail.com]"}, "personal accounts have no hosted domain"},
		{"email without a domain", []string{"spec.access.emails", "[ann]"}, "must be one email address"},
		{"email with two @", []string{"spec.access.emails", "['a@evil.example@example.com']"}, "must be one email address"},

		{"duration without a unit", []string{"spec.session.accessTokenTTL", "'600'"}, "spec.session.accessTokenTTL"},
		{"access token that lives too long", []string{"spec.session", "{accessTokenTTL: 25h, idleTimeout: 48h}"}, "session.accessTokenTTL must be between 1m and 24h"},
		{"access token that lives too short", []string{"spec.session.accessTokenTTL", "5s"}, "session.accessTokenTTL must be between 1m and 24h"},
		{"idle timeout that is too long", []string{"spec.session.idleTimeout", "9000h"}, "session.idleTimeout must be between 1m and 8760h"},
		{"lifetime that is too long", []string{"spec.session.lifetime", "9000h"}, "session.lifetime must be between 1m and 8760h"},
		{"access token longer than idle timeout", []string{"spec.session", "{accessTokenTTL: 2h, idleTimeout: 1h}"}, "session.accessTokenTTL must not be longer than session.idleTimeout"},
		{"idle timeout longer than lifetime", []string{"spec.session", "{idleTimeout: 48h, lifetime: 24h}"}, "session.idleTimeout must not be longer than session.lifetime"},
		{"audience with a space", []string{"spec.session.audiences", "['a b']"}, "an audience must hold printable ASCII"},
		{"audiences of 513 bytes", []string{"spec.session.audiences", audiences(128, 128, 128, 128, 1)}, "session.audiences may take at most 512 bytes together"},
		{"cookie name without a prefix", []string{"spec.session.cookie.name", "shop-cookie"}, "session.cookie.name"},
		{"cookie name with the wrong prefix", []string{"spec.session.cookie.name", "__Secure-shop"}, "session.cookie.name must begin with __Host-"},
		{"cookie domain beside a __Host- name", []string{"spec.session.cookie", "{name: __Host-shop, domain: example.com}"}, "session.cookie.name must begin with __Host-, or with __Secure-"},
		{"cookie domain with a leading dot", []string{"spec.session.cookie.domain", ".example.com"}, "session.cookie.domain must be a domain in lower case"},
		{"cookie domain that no redirect URI is under", []string{"spec.session.cookie.domain", "example.org"}, "every redirect URI's host must be session.cookie.domain or under it"},
		{"cookie domain that a redirect URI's host only ends like", []string{"spec.session.cookie.domain", "xample.com"}, "every redirect URI's host must be session.cookie.domain or under it"},
		{"SameSite Strict", []string{"spec.session.cookie.sameSite", "Strict"}, `Unsupported value: "Strict"`},

		{"unknown storage", []string{"spec.storage.type", "Redis"}, `Unsupported value: "Redis"`},
		{"SQLite settings for memory", []string{"spec.storage", "{type: Memory, sqlite: {size: 1Gi}}"}, "storage.sqlite may be set only when storage.type is SQLite"},
		{"a volume claim that is too small", []string{"spec.storage.sqlite", "{size: 1Mi}"}, "storage.sqlite.size must be a quantity of at least 16Mi"},
		{"Postgres without a Secret", []string{"spec.storage", "{type: Postgres}"}, "storage of type Postgres needs storage.postgres.secretRef"},
		{"Postgres with a Secret without a name", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {key: uri}}}"}, "spec.storage.postgres.secretRef.name"},
		{"Postgres with a Secret elsewhere", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: other/db}}}"}, "storage.postgres.secretRef.name must be the name of a Secret"},
		{"Postgres with a key that is none", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: db, key: ../uri}}}"}, "must be a key of a Secret"},
		{"Postgres with a CA without a name", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: db}, caSecretRef: {key: ca.crt}}}"}, "spec.storage.postgres.caSecretRef.name"},
		{"Postgres with a CA elsewhere", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: db}, caSecretRef: {name: other/ca}}}"}, "storage.postgres.caSecretRef.name must be the name of a Secret"},
		{"Postgres with a CA's key that is none", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: db}, caSecretRef: {name: ca, key: ../ca}}}"}, "must be a key of a Secret"},
		{"an unknown answer to a change of the storage", []string{"spec.storage.typeChange", "Copy"}, `Unsupported value: "Copy"`},
		{"Postgres settings for SQLite", []string{"spec.storage", "{postgres: {secretRef: {name: db}}}"}, "storage.postgres may be set only when storage.type is Postgres"},
		{"SQLite settings for Postgres", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: db}}, sqlite: {size: 1Gi}}"}, "storage.sqlite may be set only when storage.type is SQLite"},
		{"two servers on SQLite", []string{"spec.server.replicas", "2"}, "set server.replicas to 1"},
		{"two servers on memory", []string{"spec.server.replicas", "2", "spec.storage.type", "Memory"}, "set server.replicas to 1"},
		{"negative replicas", []string{"spec.server.replicas", "-1"}, "spec.server.replicas"},
		{"image with a space", []string{"spec.server.image", "'a b'"}, "server.image must be an image reference without spaces"},
		{"unknown way of linking", []string{"spec.access.linkByEmail", "Always"}, `Unsupported value: "Always"`},
		{"unknown switch", []string{"spec.google.signInWithGoogle", "'yes'"}, `Unsupported value: "yes"`},
		{"title with a line break", []string{"spec.pages.title", `"a\nb"`}, "pages.title must not hold control characters"},
		{"title that is too long", []string{"spec.pages.title", strings.Repeat("a", 81)}, "spec.pages.title"},
		{"colour by name", []string{"spec.pages.accentColor", "red"}, "pages.accentColor must be a colour such as"},
		{"colour that ends the style sheet", []string{"spec.pages.accentColor", "'#0b}*{x'"}, "pages.accentColor must be a colour such as"},
		{"logo that can hold a script", []string{"spec.pages.logo", "{mediaType: image/svg+xml, data: AAAA}"}, `Unsupported value: "image/svg+xml"`},
		{"support page that is a script", []string{"spec.pages.supportURL", "'javascript:alert(1)'"}, "pages.supportURL must be an https or mailto URL"},
		{"client IDs for an endpoint that is off", []string{"spec.tokenEndpoint.clientIDs", "[abc]"}, "tokenEndpoint.clientIDs has no effect"},
		{"encoded slashes, misspelt", []string{"spec.forwardAuth", "{encodedSlashes: Allowed}"}, "spec.forwardAuth.encodedSlashes"},
		{"Envoy by gRPC, misspelt", []string{"spec.forwardAuth", "{extAuthz: true}"}, "spec.forwardAuth.extAuthz"},
		{"trusted proxy that is a name", []string{"spec.server.trustedProxies", "[proxy]"}, "must be a range of addresses"},
		{"trusted proxy that is everybody", []string{"spec.server.trustedProxies", "['0.0.0.0/0']"}, "must not be every address there is"},
		{"rate limit that keeps everybody out", []string{"spec.server.rateLimits.perAddress", "0"}, "spec.server.rateLimits.perAddress"},
		{"caller without a name", []string{"spec.internalAPI.callers", "[{permissions: [Users]}]"}, "spec.internalAPI.callers[0].serviceAccount"},
		{"caller who is everybody", []string{"spec.internalAPI.callers", "[{serviceAccount: '*', permissions: [Users]}]"}, "internalAPI.callers[].serviceAccount must be the name of a ServiceAccount"},
		{"caller's namespace in capitals", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, namespace: Shops, permissions: [Users]}]"}, "internalAPI.callers[].namespace must be the name of a namespace"},
		{"caller who may do nothing", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, permissions: []}]"}, "spec.internalAPI.callers[0].permissions"},
		{"permission in lower case", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, permissions: [users]}]"}, `Unsupported value: "users"`},
		{"permission twice", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, permissions: [Users, Users]}]"}, `Duplicate value: "Users"`},
		{"permission that nobody honours yet", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, permissions: [Tokens]}]"}, `Unsupported value: "Tokens"`},
		{"caller twice", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, permissions: [Users]}, {serviceAccount: desk, permissions: [Sessions]}]"}, "Duplicate value"},
		{"a field nobody honours", []string{"spec.signingKeys", "{algorithm: none}"}, `unknown field "spec.signingKeys.algorithm"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := create(t, object(t, row.changes...))
			if err == nil {
				t.Fatal("the API server accepted it")
			}
			if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
				t.Fatalf("refused for another reason: %v", err)
			}
			if !strings.Contains(err.Error(), row.message) {
				t.Errorf("message:\n %v\nwant it to contain:\n %s", err, row.message)
			}
		})
	}
}

// TestSurroundingsRefused has the rules about pods and what is around them.
func TestSurroundingsRefused(t *testing.T) {
	const postgres = "{type: Postgres, postgres: {secretRef: {name: db}}}"
	for _, row := range []struct {
		name    string
		changes []string
		message string
	}{
		{"a label of the operator's", []string{"spec.server.podMetadata", "{labels: {app.kubernetes.io/instance: other}}"}, "are the operator's own"},
		{"a label under the operator's domain", []string{"spec.server.podMetadata", "{labels: {googlelogin.dev/x: z}}"}, "are the operator's own"},
		{"an annotation of the operator's", []string{"spec.server.podMetadata", "{annotations: {googlelogin.dev/config-hash: x}}"}, "are the operator's own"},
		{"a label that is none", []string{"spec.server.podMetadata", "{labels: {'not a name': z}}"}, "the name of a label must be"},
		{"a label's value that is none", []string{"spec.server.podMetadata", "{labels: {a: 'not a value'}}"}, "should match"},
		{"an annotation that is none", []string{"spec.server.serviceAccount", "{annotations: {'not a name': z}}"}, "the name of an annotation must be"},
		{"a ServiceAccount of another namespace", []string{"spec.server.serviceAccount", "{name: other/admin}"}, "must be the name of a ServiceAccount"},
		{"a reserved variable", []string{"spec.server.env", "[{name: GODEBUG, value: x}]"}, "are reserved"},
		{"a variable of the operator's", []string{"spec.server.env", "[{name: GOOGLELOGIN_X, value: x}]"}, "are reserved"},
		{"a variable that is none", []string{"spec.server.env", "[{name: 'A B', value: x}]"}, "the name of a variable must be"},
		{"a variable of two sources", []string{"spec.server.env", "[{name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]"}, "set value or valueFrom, not both"},
		{"a Secret of another namespace", []string{"spec.server.env", "[{name: A, valueFrom: {secretKeyRef: {name: other/s, key: k}}}]"}, "must be the name of a Secret"},
		{"a PriorityClass that is none", []string{"spec.server.priorityClassName", "Very Important"}, "must be the name of a PriorityClass"},
		{"an autoscaler on SQLite", []string{"spec.server", "{autoscaling: {maxReplicas: 3}, resources: {requests: {cpu: 100m}}}"}, "held by one server: remove server.autoscaling"},
		{"an autoscaler of nothing requested", []string{"spec.storage", postgres, "spec.server.autoscaling", "{maxReplicas: 3}"}, "set server.resources.requests.cpu"},
		{"more at least than at most", []string{"spec.storage", postgres, "spec.server", "{autoscaling: {minReplicas: 4, maxReplicas: 3}, resources: {requests: {cpu: 100m}}}"}, "minReplicas must not be above maxReplicas"},
		{"a budget of two bounds", []string{"spec.server.podDisruptionBudget", "{mode: Enabled, minAvailable: 1, maxUnavailable: 1}"}, "not both"},
		{"a peer that is nobody", []string{"spec.server.networkPolicy", "{mode: Enabled, publicFrom: [{}]}"}, "a peer needs podSelector"},
		{"a peer that is two", []string{"spec.server.networkPolicy", "{mode: Enabled, publicFrom: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}"}, "a peer needs podSelector"},
		{"a range that is none", []string{"spec.server.networkPolicy", "{mode: Enabled, publicFrom: [{ipBlock: {cidr: ten}}]}"}, "must be a range of addresses"},
		{"a route to nowhere", []string{"spec.exposure", "{type: HTTPRoute}"}, "needs exposure.httpRoute.parentRefs"},
		{"a Gateway in no namespace", []string{"spec.exposure", "{type: HTTPRoute, httpRoute: {parentRefs: [{name: g, namespace: 'A B'}]}}"}, "must be the name of a namespace"},
		{"a hostname with a port", []string{"spec.exposure", "{type: HTTPRoute, httpRoute: {parentRefs: [{name: g}], hostnames: ['a.example.com:8443']}}"}, "without a port"},
		{"a certificate of another namespace", []string{"spec.exposure", "{type: Ingress, ingress: {tls: {secretName: other/tls}}}"}, "must be the name of a Secret"},
		{"a developer's machine exposed", []string{"spec.redirectURIs", "['http://localhost:8000/auth/callback', 'http://127.0.0.1:8000/auth/callback', 'http://[::1]:8000/auth/callback']", "spec.exposure", "{type: Ingress}"}, "localhost and addresses are not exposed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := create(t, object(t, row.changes...))
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), row.message) {
				t.Errorf("got %v, want a refusal with %q", err, row.message)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	for _, row := range []struct {
		name    string
		changes []string
	}{
		{"the smallest", nil},
		{"several redirect URIs, loopback among them", []string{"spec.redirectURIs", "[https://shop.example.com/auth/callback, http://localhost:8000/auth/callback, 'http://127.0.0.1:8000/cb', 'http://[::1]:8000/cb', 'https://xn--80aa.example.com/a%20b']"}},
		{"a stand-in with private names", []string{"spec.google.issuer", "http://fake-google.demo.svc:8080", "spec.redirectURIs", "[https://shop.localhost:8443/auth/callback]"}},
		{"a stand-in on loopback", []string{"spec.google.issuer", "http://127.0.0.1:9000"}},
		{"a stand-in on a private address", []string{"spec.google.issuer", "http://10.244.0.1:9000/op"}},
		{"a stand-in over https", []string{"spec.google.issuer", "https://op.example.com"}},
		{"a nested base path", []string{"spec.basePath", "/shop/auth"}},
		{"return URLs of every form", []string{"spec.frontend.returnURLs", "['https://shop.example.com/*', 'https://*.shop.example.com/app/*', 'https://shop.example.com:8443/exactly/here', 'http://localhost:3000/*', 'https://shop.example.com']"}},
		{"everybody", []string{"spec.access.accounts", "Any"}},
		{"emails and domains", []string{"spec.access", "{hostedDomains: [example.com, xn--80aa.example], emails: [Ann.Lee+shop@gmail.com]}"}},
		{"a cookie for a domain", []string{"spec.session.cookie", "{name: __Secure-shop, domain: example.com}"}},
		{"a cookie for a domain, named by default", []string{"spec.session.cookie.domain", "shop.example.com"}},
		{"audiences of 512 bytes", []string{"spec.session.audiences", audiences(128, 128, 128, 128)}},
		{"durations of several units", []string{"spec.session", "{accessTokenTTL: 1m30s, idleTimeout: 1h30m, lifetime: 24h}"}},
		{"a scope in its long form", []string{"spec.scopes", "[openid, email, 'https://www.googleapis.com/auth/calendar.readonly']"}},
		{"memory", []string{"spec.storage.type", "Memory"}},
		{"pages of its own", []string{"spec.pages", "{title: Магазин, accentColor: '#0B57D0', logo: {mediaType: image/png, data: iVBORw0KGgo=}, signInText: Welcome back, supportURL: 'mailto:help@example.com'}"}},
		{"tokens for apps", []string{"spec.tokenEndpoint", "{mode: Enabled, clientIDs: [123-ios.apps.googleusercontent.com]}"}},
		{"Envoy by gRPC", []string{"spec.forwardAuth", "{extAuthz: Enabled, encodedSlashes: Enabled}"}},
		{"proxies and limits", []string{"spec.server", "{trustedProxies: [10.244.0.0/16, 'fd00::/8'], rateLimits: {perAddress: 1000}}"}},
		{"keys that rotate each minute, for a test", []string{"spec.signingKeys", "{rotationPeriod: 1m, prePublish: 30s, jwksMaxAge: 5s}", "spec.session.accessTokenTTL", "1m"}},
		{"keys with every field set", []string{"spec.signingKeys", "{rotationPeriod: 24h, prePublish: 17m, jwksMaxAge: 15m, retain: 10m, secretName: shop.keys, deletionPolicy: Retain}"}},
		{"retain left empty", []string{"spec.signingKeys.retain", "''"}},
		{"three servers on Postgres", []string{"spec.server.replicas", "3", "spec.storage", "{type: Postgres, postgres: {secretRef: {name: shop-db-app}}}"}},
		{"Postgres with a CA", []string{"spec.storage", "{type: Postgres, postgres: {secretRef: {name: shop-db-app}, caSecretRef: {name: shop-db-ca}}}"}},
		{"administrators here and elsewhere", []string{"spec.internalAPI.callers", "[{serviceAccount: desk, permissions: [Users, Sessions]}, {serviceAccount: desk, namespace: people, permissions: [Users]}, {serviceAccount: a.b, permissions: [Sessions]}]"}},
		{"switched off", []string{"spec.server.replicas", "0"}},
		{"an Ingress with nothing said of it", []string{"spec.exposure", "{type: Ingress}"}},
		{"an Ingress for what is not a developer's machine", []string{"spec.redirectURIs", "['http://localhost:8000/auth/callback', 'https://shop.example.com/auth/callback']", "spec.exposure", "{type: Ingress, ingress: {ingressClassName: nginx, annotations: {cert-manager.io/cluster-issuer: letsencrypt}, tls: {secretName: shop-tls}}}"}},
		{"an HTTPRoute", []string{"spec.exposure", "{type: HTTPRoute, httpRoute: {parentRefs: [{name: public, namespace: gateways, sectionName: https, port: 443}], hostnames: ['*.example.com']}}"}},
		{"settings of another exposure left in place", []string{"spec.exposure", "{type: None, ingress: {}, httpRoute: {parentRefs: [{name: public}]}}"}},
		{"pods as a platform wants them", []string{"spec.server", `{serviceAccount: {name: shop}, podMetadata: {labels: {app.kubernetes.io/part-of: shop}}, env: [{name: HTTPS_PROXY, value: 'http://proxy:3128'}, {name: T, valueFrom: {secretKeyRef: {name: s, key: k}}}],
			nodeSelector: {kubernetes.io/arch: arm64}, tolerations: [{operator: Exists}], priorityClassName: important, topologySpreadConstraints: [{topologyKey: zone, maxSkew: 1, whenUnsatisfiable: ScheduleAnyway}],
			affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: batch}}}]}}, podDisruptionBudget: {mode: Enabled, minAvailable: 50%}, networkPolicy: {mode: Enabled, extAuthzFrom: [{namespaceSelector: {}}]}, serviceMonitor: {mode: Enabled}}`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := create(t, object(t, row.changes...)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestChangesRefused holds the rules that compare an object with what it was.
func TestChangesRefused(t *testing.T) {
	ctx, api := t.Context(), apiServer(t)
	o := object(t, "metadata.name", "changes", "spec.storage", "{type: SQLite, sqlite: {size: 2Gi, storageClassName: fast}}")
	if err := api.Create(ctx, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Delete(context.WithoutCancel(ctx), o) })

	for _, row := range []struct{ name, path, value, message string }{
		{"SQLite to memory", "spec.storage", "{type: Memory}", "storage.type cannot change just so"},
		{"a smaller volume claim", "spec.storage.sqlite.size", "1Gi", "storage.sqlite.size cannot shrink"},
		{"another storage class", "spec.storage.sqlite.storageClassName", "slow", "storage.sqlite.storageClassName cannot be changed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			changed := o.DeepCopy()
			set(t, changed, row.path, row.value)
			err := api.Update(ctx, changed, client.DryRunAll, client.FieldValidation("Strict"))
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), row.message) {
				t.Errorf("got %v, want a refusal with %q", err, row.message)
			}
		})
	}

	bigger := o.DeepCopy()
	set(t, bigger, "spec.storage.sqlite.size", "4Gi")
	if err := api.Update(ctx, bigger, client.DryRunAll); err != nil {
		t.Errorf("a bigger volume claim: %v", err)
	}
}

// TestChangesOfTheStorage: users would be lost from sight by an edit that meant something else, one that drops the line with the type
// say. Whoever means it says so.
func TestChangesOfTheStorage(t *testing.T) {
	const postgres = "{type: Postgres, postgres: {secretRef: {name: db}}"
	for _, row := range []struct {
		name, before, after string
		refused             bool
	}{
		{"SQLite to Postgres", "{type: SQLite}", postgres + "}", true},
		{"SQLite to memory", "{type: SQLite}", "{type: Memory}", true},
		{"Postgres to SQLite", postgres + "}", "{type: SQLite}", true},
		{"Postgres to memory", postgres + "}", "{type: Memory}", true},
		{"Postgres to nothing, which is SQLite", postgres + "}", "", true},
		{"Postgres to itself", postgres + "}", "{type: Postgres, postgres: {secretRef: {name: other}}}", false},
		{"memory to SQLite", "{type: Memory}", "{type: SQLite}", false},
		{"memory to Postgres", "{type: Memory}", postgres + "}", false},
		{"SQLite to Postgres, as asked", "{type: SQLite}", postgres + ", typeChange: StartEmpty}", false},
		{"SQLite to memory, as asked", "{type: SQLite}", "{type: Memory, typeChange: StartEmpty}", false},
		{"Postgres to SQLite, as asked", postgres + "}", "{type: SQLite, typeChange: StartEmpty}", false},
		{"SQLite to Postgres, as was asked before and not now", "{type: SQLite, typeChange: StartEmpty}", postgres + "}", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			api := apiServer(t)
			o := object(t, "metadata.name", "storage", "spec.storage", row.before)
			if err := api.Create(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = api.Delete(context.Background(), o) })
			set(t, o, "spec.storage", row.after)
			err := api.Update(t.Context(), o.DeepCopy(), client.DryRunAll, client.FieldValidation("Strict"))
			if row.refused && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "set storage.typeChange to StartEmpty")) {
				t.Errorf("got %v, want a refusal that names the way out", err)
			}
			if !row.refused && err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDefaults holds what the API server fills in, above all the status that keeps kstatus from calling a new object ready.
func TestDefaults(t *testing.T) {
	o := object(t)
	if err := create(t, o); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"status.observedGeneration":             int64(-1),
		"spec.basePath":                         "/auth",
		"spec.google.prompt":                    "SelectAccount",
		"spec.access.accounts":                  "Restricted",
		"spec.session.accessTokenTTL":           "10m",
		"spec.session.idleTimeout":              "24h",
		"spec.session.lifetime":                 "720h",
		"spec.session.cookie.sameSite":          "Lax",
		"spec.storage.type":                     "SQLite",
		"spec.storage.typeChange":               "Refused",
		"spec.signingKeys.rotationPeriod":       "720h",
		"spec.signingKeys.prePublish":           "24h",
		"spec.signingKeys.jwksMaxAge":           "15m",
		"spec.signingKeys.deletionPolicy":       "Delete",
		"spec.server.replicas":                  int64(1),
		"spec.client.secretRef.clientIDKey":     "client_id",
		"spec.client.secretRef.clientSecretKey": "client_secret",
		"spec.client.secretRef.credentialsKey":  "credentials.json",
	} {
		got, _, err := unstructured.NestedFieldNoCopy(o.Object, strings.Split(path, ".")...)
		if err != nil || got != want {
			t.Errorf("%s = %v (%v), want %v", path, got, err, want)
		}
	}
}

// audiences is a list of audiences of these lengths, each another.
func audiences(lengths ...int) string {
	list := make([]string, len(lengths))
	for i, length := range lengths {
		list[i] = strings.Repeat(string(rune('a'+i)), length)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func create(t *testing.T, o *unstructured.Unstructured) error {
	return apiServer(t).Create(t.Context(), o, client.DryRunAll, client.FieldValidation("Strict"))
}
