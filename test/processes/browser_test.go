package processes

import (
	"net/http"
	"strings"
	"testing"

	"github.com/googlelogin/operator/test/visitor"
)

// client follows no redirect.
var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	CheckRedirect: visitor.NoRedirects,
}

func newVisitor(public string) *visitor.Visitor {
	return &visitor.Visitor{Public: public, Origin: strings.TrimSuffix(home, "/"), Home: home, Cookie: cookieName, HTTP: client}
}

func (p *process) mustLogin(t *testing.T) []*http.Cookie {
	t.Helper()
	cookies, err := p.Login(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, p.log)
	}
	return cookies
}

// me is the status of {base}/me.
func (p *process) me(t *testing.T, cookies []*http.Cookie) int {
	t.Helper()
	return p.status(t, "/auth/me", cookies)
}

// check is the status of forward auth.
func (p *process) check(t *testing.T, cookies []*http.Cookie) int {
	t.Helper()
	return p.status(t, "/auth/check/nginx", cookies)
}

func (p *process) status(t *testing.T, path string, cookies []*http.Cookie) int {
	t.Helper()
	a, err := p.Get(t.Context(), path, cookies)
	if err != nil {
		t.Fatalf("%s: %v\n%s", path, err, p.log)
	}
	return a.Status
}
