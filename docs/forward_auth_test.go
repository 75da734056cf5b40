package docs

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/docs/docstest"
	"github.com/googlelogin/operator/server/forwardauth"
	"github.com/googlelogin/operator/server/session"
)

// signedIn is everybody's session.
type signedIn struct{ forwardauth.Sessions }

func (signedIn) Fresh(*http.Request) (*session.Claims, bool) { return new(session.Claims), true }

type uncounted struct{}

func (uncounted) Checked(string, string) {}

func checks() *forwardauth.Handler {
	return forwardauth.New(forwardauth.Options{Base: "/auth", Sessions: signedIn{}, Metrics: uncounted{}})
}

// answer is what a check lets pass with.
func answer(t *testing.T, route string) http.Header {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/auth/check/"+route, nil)
	checks().Mount(http.NotFoundHandler(), http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("a check answers %d", w.Code)
	}
	return w.Header()
}

// identityHeaders are what a check answers with.
func identityHeaders(t *testing.T) []string {
	t.Helper()
	var names []string
	for name := range answer(t, "nginx") {
		if strings.HasPrefix(name, "X-Auth-Request-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) != 4 {
		t.Fatalf("a check answers with %v", names)
	}
	return names
}

// foreignHeaders are other sign-in proxies' names for the same, which only a client sends.
func foreignHeaders(t *testing.T) []string {
	t.Helper()
	var names []string
	for name := range strings.SplitSeq(answer(t, "envoy/").Get("X-Envoy-Auth-Headers-To-Remove"), ",") {
		if !strings.ContainsAny(name, "_.") {
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	if len(names) != 9 {
		t.Fatalf("Envoy is asked to remove %v", names)
	}
	return names
}

// objects are the documents of a YAML file, each decoded by the file's test.
func objects(t *testing.T, file string) [][]byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("forward-auth", file))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(content, []byte("\n---\n"))
}

func decode[T any](t *testing.T, document []byte) T {
	t.Helper()
	var into T
	if err := yaml.UnmarshalStrict(document, &into); err != nil {
		t.Fatalf("%v in\n%.400s", err, document)
	}
	return into
}

func TestForwardAuth_NamesTheHeadersOfAnAnswer(t *testing.T) {
	var documented []string
	for _, row := range docstest.Table(t, "forward-auth.md", "header", 0) {
		if name := docstest.Code(row[0]); strings.HasPrefix(name, "X-Auth-Request-") {
			documented = append(documented, name)
		}
	}
	slices.Sort(documented)
	if diff := cmp.Diff(identityHeaders(t), documented); diff != "" {
		t.Errorf("headers (-code +document):\n%s", diff)
	}
}

// Every proxy's configuration asks at a route that there is, and every route is in the table.
func TestForwardAuth_NamesTheRoutes(t *testing.T) {
	route := regexp.MustCompile(`(?:/auth|<basePath>)/check/([a-z-]+)`)
	seen := map[string]bool{}
	files, err := filepath.Glob("forward-auth/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "forward-auth.md", "moving-from-oauth2-proxy.md") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range route.FindAllSubmatch(content, -1) {
			name := string(match[1])
			if seen[name] = true; !checks().Owns("/auth/check/"+name) && !checks().Owns("/auth/check/"+name+"/") {
				t.Errorf("%s: there is no route /check/%s", file, name)
			}
		}
	}
	for _, proxy := range forwardauth.Proxies() {
		if !seen[proxy] {
			t.Errorf("/check/%s is documented nowhere", proxy)
		}
	}
}

func TestForwardAuth_Ingresses(t *testing.T) {
	const prefix = "nginx.ingress.kubernetes.io/"
	closed := false
	for _, document := range objects(t, "ingress-nginx.yaml") {
		ingress := decode[networkingv1.Ingress](t, document)
		asks := ingress.Annotations[prefix+"auth-url"] != ""
		headers := strings.Split(ingress.Annotations[prefix+"auth-response-headers"], ",")
		want := slices.Sorted(slices.Values(slices.Concat(identityHeaders(t), foreignHeaders(t))))
		slices.Sort(headers)
		if diff := cmp.Diff(want, headers); asks && diff != "" {
			t.Errorf("%s hands on or takes away (-code +document):\n%s", ingress.Name, diff)
		}
		for _, path := range ingress.Spec.Rules[0].HTTP.Paths {
			ours := path.Backend.Service.Name == "shop-googlelogin"
			if ours == asks {
				t.Errorf("%s: %s leads to %s, and asks: %t", ingress.Name, path.Path, path.Backend.Service.Name, asks)
			}
			closed = closed || path.Path == "/auth/check" && !ours
		}
	}
	if !closed {
		t.Error("the check is open to the public")
	}
}

func TestForwardAuth_EnvoyGatewaysRoutes(t *testing.T) {
	var kinds []string
	closed := false
	for _, document := range objects(t, "envoy-gateway.yaml") {
		kind := decode[map[string]any](t, document)["kind"].(string)
		if kinds = append(kinds, kind); kind != "HTTPRoute" {
			continue
		}
		route := decode[struct {
			APIVersion, Kind string
			Metadata         struct{ Name, Namespace string }
			Spec             struct {
				ParentRefs []struct{ Name string }
				Hostnames  []string
				Rules      []struct {
					Matches     []struct{ Path struct{ Type, Value string } }
					BackendRefs []struct {
						Name string
						Port int
					}
				}
			}
		}](t, document)
		for _, rule := range route.Spec.Rules {
			for _, match := range rule.Matches {
				closed = closed || match.Path.Value == "/auth/check" && rule.BackendRefs[0].Name == "shop"
			}
		}
	}
	if diff := cmp.Diff([]string{"SecurityPolicy", "HTTPRoute", "HTTPRoute"}, kinds); diff != "" || !closed {
		t.Errorf("the check is closed: %t; kinds (-want +got):\n%s", closed, diff)
	}
}

// traefik.yaml is the one that runs behind Traefik in make proxies; the objects have to say the same.
func TestForwardAuth_TraefiksObjectsSayWhatItsFileSays(t *testing.T) {
	type spec struct {
		Middlewares map[string]any `json:"middlewares"`
		Routers     map[string]struct {
			Rule        string   `json:"rule"`
			Middlewares []string `json:"middlewares"`
		} `json:"routers"`
	}
	file := decode[struct {
		HTTP spec `json:"http"`
	}](t, withoutFields(t, objects(t, "traefik.yaml")[1]))
	want, got := map[string]any{}, map[string]any{}
	maps.Copy(want, file.HTTP.Middlewares)
	for _, router := range file.HTTP.Routers {
		want[router.Rule] = strings.Join(router.Middlewares, " ")
	}
	for _, document := range objects(t, "traefik-crd.yaml") {
		object := decode[struct {
			APIVersion, Kind string
			Metadata         struct{ Name, Namespace string }
			Spec             map[string]any
		}](t, document)
		if object.Kind == "Middleware" {
			got[object.Metadata.Name] = object.Spec
			continue
		}
		for _, route := range object.Spec["routes"].([]any) {
			var names []string
			middlewares, _ := route.(map[string]any)["middlewares"].([]any)
			for _, m := range middlewares {
				names = append(names, m.(map[string]any)["name"].(string))
			}
			got[route.(map[string]any)["match"].(string)] = strings.Join(names, " ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-traefik.yaml +traefik-crd.yaml):\n%s", diff)
	}
}

// withoutFields leaves of Traefik's dynamic configuration what the objects have too.
func withoutFields(t *testing.T, document []byte) []byte {
	t.Helper()
	all := decode[map[string]map[string]any](t, document)
	http := map[string]any{"middlewares": all["http"]["middlewares"], "routers": map[string]any{}}
	for name, router := range all["http"]["routers"].(map[string]any) {
		kept := map[string]any{"rule": router.(map[string]any)["rule"]}
		if middlewares, ok := router.(map[string]any)["middlewares"]; ok {
			kept["middlewares"] = middlewares
		}
		http["routers"].(map[string]any)[name] = kept
	}
	out, err := yaml.Marshal(map[string]any{"http": http})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForwardAuth_IstioHandsOnWhatTheCheckSays(t *testing.T) {
	documents := objects(t, "istio.yaml")
	mesh := decode[struct {
		ExtensionProviders []struct {
			Name              string `json:"name"`
			EnvoyExtAuthzHTTP struct {
				Service                      string   `json:"service"`
				Port                         int      `json:"port"`
				PathPrefix                   string   `json:"pathPrefix"`
				Timeout                      string   `json:"timeout"`
				FailOpen                     bool     `json:"failOpen"`
				IncludeRequestHeadersInCheck []string `json:"includeRequestHeadersInCheck"`
				HeadersToUpstreamOnAllow     []string `json:"headersToUpstreamOnAllow"`
				HeadersToDownstreamOnAllow   []string `json:"headersToDownstreamOnAllow"`
				HeadersToDownstreamOnDeny    []string `json:"headersToDownstreamOnDeny"`
			} `json:"envoyExtAuthzHttp"`
		} `json:"extensionProviders"`
	}](t, documents[0])
	provider := mesh.ExtensionProviders[0].EnvoyExtAuthzHTTP
	var upstream []string
	for _, name := range provider.HeadersToUpstreamOnAllow {
		upstream = append(upstream, http.CanonicalHeaderKey(name))
	}
	slices.Sort(upstream)
	if diff := cmp.Diff(identityHeaders(t), upstream); diff != "" || provider.FailOpen {
		t.Errorf("fails open: %t; hands on (-code +document):\n%s", provider.FailOpen, diff)
	}
	for _, document := range documents[1:] {
		if kind := decode[map[string]any](t, document)["kind"]; kind != "AuthorizationPolicy" {
			t.Errorf("kind %v", kind)
		}
	}
}

// A page that names a field which is gone sends its reader astray.
func TestFieldsOfTheSpecExist(t *testing.T) {
	content, err := os.ReadFile("../config/crd/bases/googlelogin.dev_googlelogins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct{ OpenAPIV3Schema map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(content, &crd); err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile("`(spec(?:\\.[a-zA-Z]+)+)`")
	for _, page := range []string{"forward-auth.md", "moving-from-oauth2-proxy.md", "verify-tokens.md", "storage.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		named := field.FindAllSubmatch(text, -1)
		if len(named) == 0 {
			t.Errorf("%s names no field", page)
		}
		for _, match := range named {
			if path := string(match[1]); !hasField(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, strings.Split(path, ".")) {
				t.Errorf("%s: there is no %s", page, path)
			}
		}
	}
}

func hasField(schema map[string]any, path []string) bool {
	for _, name := range path {
		if items, ok := schema["items"].(map[string]any); ok {
			schema = items
		}
		properties, _ := schema["properties"].(map[string]any)
		next, ok := properties[name].(map[string]any)
		if !ok {
			return false
		}
		schema = next
	}
	return true
}
