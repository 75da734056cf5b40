package server

import (
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/googlelogin/operator/server/config"
)

// envoy asks the world's server by gRPC.
type envoy struct {
	t      *testing.T
	client authv3.AuthorizationClient
}

func (w *world) envoy(t *testing.T) envoy {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.Config = newGRPCServer(w.app.envoy, w.app.reloader.log)
	s.Start()
	t.Cleanup(s.Close)
	return envoy{t, authv3.NewAuthorizationClient(dialEnvoy(t, s.Listener.Addr().String()))}
}

func dialEnvoy(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// ask asks about a GET with these headers, in pairs.
func (e envoy) ask(path string, headers ...string) *authv3.CheckResponse {
	e.t.Helper()
	return e.about(&authv3.AttributeContext{}, path, headers...)
}

func (e envoy) about(attributes *authv3.AttributeContext, path string, headers ...string) *authv3.CheckResponse {
	e.t.Helper()
	described := &authv3.AttributeContext_HttpRequest{
		Method: "GET", Path: path, Host: "shop.example.com", Headers: map[string]string{"x-forwarded-proto": "https"},
	}
	for i := 0; i < len(headers); i += 2 {
		described.Headers[strings.ToLower(headers[i])] = headers[i+1]
	}
	attributes.Request = &authv3.AttributeContext_Request{Http: described}
	answer, err := e.client.Check(e.t.Context(), &authv3.CheckRequest{Attributes: attributes})
	if err != nil {
		e.t.Fatal(err)
	}
	return answer
}

// told are the headers of an answer that lets a request pass.
func told(answer *authv3.CheckResponse) map[string]string {
	found := map[string]string{}
	for _, h := range answer.GetOkResponse().GetHeaders() {
		found[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	return found
}

// cookieHeader is what the browser would send.
func (b *browser) cookieHeader() string {
	var pairs []string
	for _, c := range b.jar.Cookies(mustParse(b.w.t, shop)) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

func TestEnvoy_TellsTheSameByGRPCAsOverHTTP(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	over := b.check("envoy/cart")
	want := map[string]string{}
	for _, name := range []string{"User", "Email", "Name", "Hosted-Domain"} {
		want["x-auth-request-"+strings.ToLower(name)] = over.Header.Get("X-Auth-Request-" + name)
	}
	answer := w.envoy(t).ask("/cart", "cookie", b.cookieHeader(), "x-auth-request-user", "planted", "x_auth_request_email", "planted")
	if diff := cmp.Diff(want, told(answer)); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got := answer.GetOkResponse(); len(got.GetResponseHeadersToAdd()) != 0 || strings.Join(got.GetHeadersToRemove(), " ") != "x_auth_request_email" {
		t.Errorf("%v", got)
	}
}

// Over HTTP a check does not see what the client planted, and has Envoy remove it all the same.
func TestI104_OverHTTPEnvoyRemovesWhatItRemovesByGRPC(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	const list = "X-Envoy-Auth-Headers-To-Remove"
	for name, proxy := range proxies {
		if got := b.check(proxy.route, proxy.headers...).Header.Get(list); (got != "") != (name == "envoy") {
			t.Errorf("%s is asked to remove %q", name, got)
		}
	}
	planted := []string{"cookie", b.cookieHeader(), "x-auth-request-user", "planted"}
	for _, name := range []string{
		"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Name", "X-Auth-Request-Hosted-Domain", "X-Auth-Request-Groups",
		"X-Auth-Request-Preferred-Username", "X-Auth-Request-Access-Token", "X-Auth-Request-Login-Url", "X-Forwarded-User",
		"X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
	} {
		planted = append(planted, name, "planted", strings.ReplaceAll(name, "-", "_"), "planted", strings.ReplaceAll(name, "-", "."), "planted")
	}
	want := w.envoy(t).ask("/cart", planted...).GetOkResponse().GetHeadersToRemove()
	for name, ask := range map[string]func() answer{
		"fresh":   func() answer { return b.check("envoy/cart") },
		"bearer":  func() answer { return b.check("envoy-bearer/cart") },
		"renewed": func() answer { w.clock.advance(11 * time.Minute); return b.check("envoy/cart") },
	} {
		got := strings.Split(ask().Header.Get(list), ",")
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-gRPC +HTTP):\n%s", name, diff)
		}
	}
}

func TestEnvoy_DeniesAsOverHTTP(t *testing.T) {
	w := newWorld(t, behindAProxy)
	signedIn := w.browser()
	signedIn.login()
	cookie := signedIn.cookieHeader()
	e := w.envoy(t)
	for name, row := range map[string]struct {
		answer *authv3.CheckResponse
		status int32
	}{
		"I109 a navigation":                  {e.ask("/cart?item=7", page...), 302},
		"I109 a script":                      {e.ask("/cart", "sec-fetch-mode", "cors"), 401},
		"I103 malformed cookie":              {e.ask("/cart", "cookie", "__Host-shop=a.b.c"), 401},
		"I106 ambiguous path":                {e.ask("/a/..;/admin", "cookie", cookie), 403},
		"I106 no path":                       {e.ask("", "cookie", cookie), 403},
		"I106 a path that is another's":      {e.ask("-bearer/cart", "cookie", cookie), 403},
		"I106 a query alone":                 {e.ask("?x", "cookie", cookie), 403},
		"I106 an address":                    {e.ask("https://evil.example/", "cookie", cookie), 403},
		"I112 a path that nobody can answer": {e.ask("/"+strings.Repeat("a/../", 100), "cookie", cookie), 403},
	} {
		if got := int32(row.answer.GetDeniedResponse().GetStatus().GetCode()); got != row.status || row.answer.GetStatus().GetCode() == 0 {
			t.Errorf("%s: %v, want status %d", name, row.answer, row.status)
		}
	}
	want := shop + "/auth/login?return_to=" + url.QueryEscape(shop+"/cart?item=7")
	for _, h := range e.ask("/cart?item=7", page...).GetDeniedResponse().GetHeaders() {
		if h.GetHeader().GetKey() == "location" && h.GetHeader().GetValue() != want {
			t.Errorf("to %s, want %s", h.GetHeader().GetValue(), want)
		}
	}
}

func TestI112_AStoreThatIsDownDeniesByGRPC(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	w.clock.advance(11 * time.Minute)
	w.store.down.Store(true)
	answer := w.envoy(t).ask("/cart", "cookie", b.cookieHeader())
	if got := answer.GetDeniedResponse().GetStatus().GetCode(); got != 503 {
		t.Errorf("%v, want status 503", answer)
	}
}

func TestI114_RenewalByGRPCSetsOneCookie(t *testing.T) {
	w := newWorld(t, behindAProxy)
	b := w.browser()
	b.login()
	w.clock.advance(11 * time.Minute)
	got := w.envoy(t).ask("/cart", "cookie", b.cookieHeader()).GetOkResponse().GetResponseHeadersToAdd()
	if len(got) != 1 || got[0].GetHeader().GetKey() != "set-cookie" || !strings.HasPrefix(got[0].GetHeader().GetValue(), "__Host-shop=ey") {
		t.Errorf("%v", got)
	}
}

func TestEnvoy_GivesTheTokenToATrustedProxyAlone(t *testing.T) {
	for name, edit := range map[string]func(*config.Config){"trusted": behindAProxy, "a stranger": func(*config.Config) {}} {
		w := newWorld(t, edit)
		b := w.browser()
		b.login()
		attributes := &authv3.AttributeContext{ContextExtensions: map[string]string{"authorization": "bearer"}}
		got := told(w.envoy(t).about(attributes, "/cart", "cookie", b.cookieHeader()))["authorization"]
		if strings.HasPrefix(got, "Bearer ey") != (name == "trusted") {
			t.Errorf("%s: Authorization is %q", name, got)
		}
	}
}

func TestRun_ListensForEnvoyOnlyIfAsked(t *testing.T) {
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	cfg := localConfig(t, w.google.URL)
	silent := run(t, cfg)
	if strings.Contains(silent.logs.String(), "extAuthz") {
		t.Errorf("nobody asked for Envoy's port: %s", silent.logs)
	}
	asked := runWith(t, cfg, config.Listen{Public: "127.0.0.1:0", Internal: "127.0.0.1:0", ExtAuthz: address})
	answer, err := healthv1.NewHealthClient(dialEnvoy(t, address)).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", answer, err)
	}
	asked.stop()
	if err := <-asked.done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if connection, err := net.Dial("tcp", address); err == nil {
		_ = connection.Close()
		t.Error("the port is still open")
	}
}
