package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// nowhere is an answer that nobody reads.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(status int)      { n.status = status }

// checking makes what asks nginx's question about a signed-in browser, through everything that is on the way.
func checking(t testing.TB) func() *nowhere {
	w := newWorld(t)
	b := w.browser()
	b.login()
	r := httptest.NewRequest(http.MethodGet, shop+"/auth/check/nginx", nil)
	r.RequestURI = "/auth/check/nginx"
	r.Header.Set("X-Original-Url", "https://shop.example.com/orders/17?page=2")
	r.Header.Set("X-Original-Method", http.MethodGet)
	for _, c := range b.jar.Cookies(mustParse(t, home)) {
		r.AddCookie(c)
	}
	return func() *nowhere {
		answer := &nowhere{header: make(http.Header)}
		w.app.public.ServeHTTP(answer, r)
		return answer
	}
}

// A check comes with each request to each application. Its allocations, which are the collector's work as well, are bounded: the answer
// and its header, the map that net/http would make too, and one array for the values.
func TestCheck_Allocates(t *testing.T) {
	ask := checking(t)
	if answer := ask(); answer.status != http.StatusOK || answer.header.Get("X-Auth-Request-Email") != "ann@example.com" {
		t.Fatalf("answers %d: %v", answer.status, answer.header)
	}
	if n := testing.AllocsPerRun(100, func() { ask() }); n > 4 {
		t.Errorf("%v allocations for a check, want 4 at most", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	ask := checking(b)
	b.ReportAllocs()
	for b.Loop() {
		if answer := ask(); answer.status != http.StatusOK {
			b.Fatal(answer.status)
		}
	}
}
