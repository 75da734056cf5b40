package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/google/googletest"
	"github.com/googlelogin/operator/server/tracing"
	"github.com/googlelogin/operator/server/tracing/tracingtest"
)

// otlpKey is what the receiver of the traces wants to see.
const otlpKey = "canary-key-of-the-collector"

// traced is a world that sends traces to a receiver.
func traced(t *testing.T, edit ...func(*config.Config)) (*world, *tracingtest.Receiver) {
	t.Helper()
	w, to := newWorld(t, edit...), tracingtest.New(t, http.StatusOK)
	w.traces = tracing.New(t.Context(), tracing.Options{
		Getenv: func(name string) string {
			return map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": to.URL, "OTEL_EXPORTER_OTLP_HEADERS": "api-key=" + otlpKey,
			}[name]
		},
		Instance: w.cfg.Instance, Version: "test", Log: w.app.log,
	})
	t.Cleanup(func() { _ = w.traces.Close() })
	w.start()
	return w, to
}

// spans are the trees that came so far. What differs from run to run is "any".
func (w *world) spans(to *tracingtest.Receiver) []tracingtest.Span {
	w.t.Helper()
	if err := w.traces.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	var all []tracingtest.Span
	for _, trees := range to.Trees() {
		for _, root := range trees {
			if root.Attributes["googlelogin.request_id"] != "" {
				root.Attributes["googlelogin.request_id"] = "any"
			}
			all = append(all, root)
		}
	}
	slices.SortFunc(all, func(a, b tracingtest.Span) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func requestSpan(method, route, status, code string, below ...tracingtest.Span) tracingtest.Span {
	return tracingtest.Span{
		Name: method + " " + route, Kind: "server", Status: status, Below: below,
		Attributes: map[string]string{
			"http.request.method": method, "http.route": route, "http.response.status_code": "int_value:" + code, "googlelogin.request_id": "any",
		},
	}
}

func step(name string, below ...tracingtest.Span) tracingtest.Span {
	return tracingtest.Span{Name: name, Kind: "internal", Status: "unset", Attributes: map[string]string{}, Below: below}
}

func toGoogle(call string) tracingtest.Span {
	return tracingtest.Span{
		Name: "google " + call, Kind: "client", Status: "unset", Attributes: map[string]string{"http.response.status_code": "int_value:200"},
	}
}

func toStore(operation string) tracingtest.Span {
	return tracingtest.Span{Name: "store " + operation, Kind: "client", Status: "unset", Attributes: map[string]string{}}
}

func TestTraces_OfOneLogin(t *testing.T) {
	w, to := traced(t)
	w.google.Misbehave(googletest.Claim("name", nil))
	w.browser().login()
	want := []tracingtest.Span{
		requestSpan("GET", "callback", "unset", "303",
			step("exchange code", toGoogle("token")),
			step("verify ID token", toGoogle("keys")),
			toGoogle("userinfo"),
			step("access policy"),
			toStore("save_user"),
			toStore("create_session"),
		),
		requestSpan("GET", "login", "unset", "303", toGoogle("discovery")),
	}
	if diff := cmp.Diff(want, w.spans(to)); diff != "" {
		t.Errorf("spans of a login (-want +got):\n%s", diff)
	}
}

func TestTraces_OfALoginThatFails(t *testing.T) {
	w, to := traced(t)
	b := w.browser()
	at := b.authorize(b.start())
	w.google.Misbehave(googletest.TokenStatus(500))
	b.get(at)
	failed := tracingtest.Span{
		Name: "google token", Kind: "client", Status: "error",
		Attributes: map[string]string{"http.response.status_code": "int_value:500", "error.type": "server_error"},
	}
	exchange := tracingtest.Span{
		Name: "exchange code", Kind: "internal", Status: "error", Attributes: map[string]string{"error.type": "error"},
		Below: []tracingtest.Span{failed},
	}
	if diff := cmp.Diff(requestSpan("GET", "callback", "unset", "303", exchange), w.spans(to)[0]); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

func TestTraces_OfAProxysQuestion(t *testing.T) {
	w, to := traced(t)
	b := w.browser()
	b.login()
	b.check("caddy")
	before := len(w.spans(to))
	for range 3 {
		b.check("caddy")
	}
	if after := len(w.spans(to)); after != before {
		t.Errorf("%d spans of checks that are answered at once", after-before)
	}
	w.clock.advance(w.cfg.Session.AccessTokenTTL.Std() + time.Second)
	b.check("caddy")
	want := requestSpan("GET", "check", "unset", "200",
		toStore("session_by_handle"), toStore("user"), step("access policy"), toStore("touch_session"))
	found := w.spans(to)
	at := slices.IndexFunc(found, func(s tracingtest.Span) bool { return s.Name == "GET check" })
	if at < 0 {
		t.Fatalf("no span of a renewal: %v", found)
	}
	if diff := cmp.Diff(want, found[at]); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

func TestTraces_ATraceparentCountsFromTrustedProxiesAlone(t *testing.T) {
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	ask := func(w *world) {
		w.browser().get(shop+"/auth/me", "traceparent", "00-"+theirs+"-00f067aa0ba902b7-01", "tracestate", "vendor=canary-state", "baggage", "k=canary-baggage")
	}
	trusting, to := traced(t, behindAProxy)
	ask(trusting)
	trusting.spans(to)
	if ids := slices.Collect(maps.Keys(to.Trees())); !slices.Equal(ids, []string{theirs}) {
		t.Errorf("trace IDs %v, want the proxy's", ids)
	}
	if strings.Contains(to.Raw(), "canary") {
		t.Error("tracestate or baggage is in a span")
	}
	wary, to := traced(t)
	ask(wary)
	wary.spans(to)
	if ids := slices.Collect(maps.Keys(to.Trees())); len(ids) != 1 || ids[0] == theirs {
		t.Errorf("trace IDs %v, want one of our own", ids)
	}
}

func TestTraces_LinesOfATracedRequestBearItsTraceID(t *testing.T) {
	w, to := traced(t)
	w.browser().get(shop + "/auth/callback?code=x&state=y")
	w.spans(to)
	ids := slices.Collect(maps.Keys(to.Trees()))
	lines := map[string]string{}
	for line := range strings.Lines(w.logs.String()) {
		var entry struct {
			Message string `json:"msg"`
			TraceID string `json:"trace_id"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.TraceID != "" {
			lines[entry.Message] = entry.TraceID
		}
	}
	want := map[string]string{"audit": ids[0], "request": ids[0], "request refused": ids[0]}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines with a trace_id (-want +got):\n%s", diff)
	}
}

// Names must not be made of what strangers send.
func TestM6_NamesOfSpansAreBounded(t *testing.T) {
	w, to := traced(t)
	b := w.browser()
	b.do("BREW", shop+"/secret-path?code=canary")
	b.get(shop + "/auth/check/nonsense/secret-path")
	for _, s := range w.spans(to) {
		if !regexp.MustCompile(`^(GET|other) (none|check)$`).MatchString(s.Name) {
			t.Errorf("a span is called %q", s.Name)
		}
	}
	if raw := to.Raw(); strings.Contains(raw, "secret-path") || strings.Contains(raw, "canary") || strings.Contains(raw, "BREW") {
		t.Error("a span has what a stranger sent")
	}
}

// As in a pod: the operator passes spec.server.env on to the container, and nothing else names the receiver.
func TestRun_TracesIfItsEnvironmentNamesAnEndpoint(t *testing.T) {
	to := tracingtest.New(t, http.StatusOK)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key="+otlpKey)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	p := run(t, localConfig(t, googletest.NewServer(t, googletest.Options{Auto: "ann@example.com"}).URL))
	signIn(t, p, p)
	p.stop()
	if err := <-p.done; err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, trees := range to.Trees() {
		for _, root := range trees {
			names = append(names, root.Name)
		}
	}
	for _, want := range []string{"GET login", "GET callback"} {
		if !slices.Contains(names, want) {
			t.Errorf("no trace of %s among %q", want, names)
		}
	}
}
