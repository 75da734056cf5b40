package middleware

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// identify sends one request through Identify and returns what the handler sees.
func identify(t *testing.T, trusted []string, remote string, headers map[string][]string) (Request, *http.Request) {
	t.Helper()
	proxies, err := ParseProxies(trusted)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://shop.example.com/", nil)
	r.RemoteAddr = remote
	for name, values := range headers {
		r.Header[name] = values
	}
	var seen *http.Request
	Identify(proxies, rand.Reader)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })).
		ServeHTTP(httptest.NewRecorder(), r)
	return *From(seen.Context()), seen
}

func TestIdentify_WalksForwardedForFromTheRight(t *testing.T) {
	trusted := []string{"10.0.0.0/8", "fd00::/8"}
	rows := map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"untrusted peer":                      {"203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		"no header":                           {"10.0.0.1:1", nil, "10.0.0.1"},
		"one proxy":                           {"10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"the left is what the client wrote":   {"10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		"two proxies":                         {"10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"two header fields":                   {"10.0.0.1:1", []string{"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
		"an entry that is no address":         {"10.0.0.1:1", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		"an address with a port":              {"10.0.0.1:1", []string{"198.51.100.1:80"}, "198.51.100.1"},
		"IPv6 with a port":                    {"10.0.0.1:1", []string{"[2001:db8::7]:80"}, "2001:db8::7"},
		"IPv6 in brackets is no address":      {"10.0.0.1:1", []string{"[2001:db8::7]"}, "10.0.0.1"},
		"three proxies, each with a port":     {"10.0.0.1:1", []string{"1.1.1.1:9, 198.51.100.1:80, 10.0.0.3:81", "[fd00::2]:82"}, "198.51.100.1"},
		"a proxy that is not trusted between": {"10.0.0.1:1", []string{"10.0.0.3, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"garbage in the middle":               {"10.0.0.1:1", []string{"198.51.100.1, <script>, 10.0.0.2"}, "10.0.0.2"},
		"garbage on the left":                 {"10.0.0.1:1", []string{"<script>, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"an empty entry at the end":           {"10.0.0.1:1", []string{"198.51.100.1,"}, "10.0.0.1"},
		"a number that is no address":         {"10.0.0.1:1", []string{"3405803777"}, "10.0.0.1"},
		"leading zeros are no address":        {"10.0.0.1:1", []string{"198.051.100.001"}, "10.0.0.1"},
		"a zone is left out":                  {"10.0.0.1:1", []string{"fe80::1%eth0"}, "fe80::1"},
		"only proxies":                        {"10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"IPv6":                                {"[fd00::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		"IPv4 in IPv6 is the IPv4 of a proxy": {"[::ffff:10.0.0.1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		"a peer without an address":           {"@", []string{"198.51.100.1"}, "invalid IP"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			info, _ := identify(t, trusted, row.remote, map[string][]string{"X-Forwarded-For": row.forwarded})
			if got := info.ClientIP.String(); got != row.want {
				t.Errorf("client is %s, want %s", got, row.want)
			}
		})
	}
}

func TestIdentify_RequestID(t *testing.T) {
	given := map[string][]string{"X-Request-Id": {"from-a-proxy-1234"}}
	first, _ := identify(t, nil, "10.0.0.1:1", given)
	second, _ := identify(t, nil, "10.0.0.1:1", given)
	if len(first.ID) != 32 || first.ID == second.ID {
		t.Errorf("ids %q and %q of an untrusted peer, want two of our own", first.ID, second.ID)
	}
	if trusted, _ := identify(t, []string{"10.0.0.0/8"}, "10.0.0.1:1", given); trusted.ID != "from-a-proxy-1234" {
		t.Errorf("id %q, want the trusted proxy's", trusted.ID)
	}
	for _, bad := range []string{"", "short", strings.Repeat("a", 65), "with space 1", "line\nbreak1", "<script>1"} {
		if info, _ := identify(t, []string{"10.0.0.0/8"}, "10.0.0.1:1", map[string][]string{"X-Request-Id": {bad}}); info.ID == bad {
			t.Errorf("took %q for an id", bad)
		}
	}
}

func TestIdentify_ForwardedHostMustBeOne(t *testing.T) {
	for _, row := range []struct {
		hosts []string
		want  string
	}{
		{[]string{"app.example.com"}, "app.example.com"},
		{[]string{"a.example.com, b.example.com"}, "shop.example.com"},
		{[]string{"a.example.com", "b.example.com"}, "shop.example.com"},
		{[]string{""}, "shop.example.com"},
	} {
		if _, r := identify(t, []string{"10.0.0.0/8"}, "10.0.0.1:1", map[string][]string{"X-Forwarded-Host": row.hosts}); r.Host != row.want {
			t.Errorf("X-Forwarded-Host %q makes %s, want %s", row.hosts, r.Host, row.want)
		}
	}
}

type observed struct {
	route, method string
	status        int
}

func (o *observed) Request(route, method string, status int, _ time.Duration) {
	*o = observed{route, method, status}
}

func TestLog_OneLineWithoutTheURL(t *testing.T) {
	var out bytes.Buffer
	var seen observed
	h := Identify(nil, rand.Reader)(Log(slog.New(slog.NewJSONHandler(&out, nil)), &seen, time.Now)(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			From(r.Context()).Route = "callback"
			w.WriteHeader(http.StatusSeeOther)
			_, _ = w.Write([]byte("four"))
		})))
	r := httptest.NewRequest(http.MethodGet, "/auth/secret-path?code=secret-code&state=secret-state", nil)
	r.Header.Set("Cookie", "a=secret-cookie")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if strings.Contains(out.String(), "secret") {
		t.Errorf("the line holds a secret: %s", out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON line: %s", out.String())
	}
	for _, varies := range []string{"time", "requestID", "duration"} {
		delete(line, varies)
	}
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "path": "callback", "status": 303.0, "bytes": 4.0, "clientIP": "192.0.2.1",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(observed{"callback", "GET", 303}, seen, cmp.AllowUnexported(observed{})); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestRecover_AnswersAPanic(t *testing.T) {
	var out bytes.Buffer
	failed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	recoverer := Recover(slog.New(slog.NewJSONHandler(&out, nil)), failed)
	w := httptest.NewRecorder()
	recoverer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") })).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 500 || !strings.Contains(out.String(), "panic in handler") || strings.Contains(out.String(), "secret") {
		t.Errorf("status %d, log %s", w.Code, out.String())
	}
}

func TestRecover_CutsAnAnswerThatHadBegun(t *testing.T) {
	server := httptest.NewServer(Recover(slog.New(slog.DiscardHandler), http.NotFoundHandler())(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			panic("late")
		})))
	defer server.Close()
	response, err := http.Get(server.URL)
	if err == nil {
		_, err = new(bytes.Buffer).ReadFrom(response.Body)
		_ = response.Body.Close()
	}
	if err == nil {
		t.Error("half an answer passed for a whole one")
	}
}

func TestM5_BodyIsBounded(t *testing.T) {
	var err error
	h := Limit(Limits{MaxQuery: 100, MaxHeader: 1000, MaxBody: 10}, http.NotFoundHandler(), http.NotFoundHandler())(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, err = new(bytes.Buffer).ReadFrom(r.Body) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("a", 11))))
	if err == nil {
		t.Error("read a body that is over the limit")
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("a", 10))))
	if err != nil {
		t.Errorf("a body of the limit's size: %v", err)
	}
}

func FuzzForwardedFor(f *testing.F) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1.1.1.1, 198.51.100.1")
	f.Add("10.0.0.1,,::1%eth0")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "203.0.113.9:1"
		r.Header["X-Forwarded-For"] = []string{header}
		if got := proxies.client(peer(r), r.Header["X-Forwarded-For"]); got != peer(r) {
			t.Errorf("an untrusted peer became %s", got)
		}
	})
}
