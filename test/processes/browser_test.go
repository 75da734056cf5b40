package processes

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// answer is a response that was read to its end.
type answer struct {
	status  int
	to      string
	cookies []*http.Cookie
	body    string
}

// client follows no redirect, and speaks to every server under the name of the shop.
var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask sends a request with cookies. An error says that the response did not arrive whole: nobody was told anything.
func ask(ctx context.Context, method, target string, cookies []*http.Cookie, form url.Values, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	if !strings.Contains(target, "/o/oauth2/") {
		request.Host = host
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept", "application/json")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	for _, c := range cookies {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Location"), response.Cookies(), string(body)}, err
}

// proceed begins a login and lets the stand-in for Google answer. It returns the callback's path and the flow's cookie.
func (p *process) proceed(ctx context.Context) (callback string, flow []*http.Cookie, err error) {
	started, err := ask(ctx, http.MethodGet, p.public+"/auth/login", nil, nil, "Sec-Fetch-Dest", "document")
	if err != nil {
		return "", nil, err
	}
	if started.status != http.StatusSeeOther {
		return "", nil, fmt.Errorf("login: status %d: %s", started.status, started.body)
	}
	atGoogle, err := ask(ctx, http.MethodGet, started.to, nil, nil)
	if err != nil {
		return "", nil, err
	}
	return strings.TrimPrefix(atGoogle.to, strings.TrimSuffix(home, "/")), started.cookies, nil
}

// login is a whole login. It returns the session's cookies, without those that are cleared.
func (p *process) login(ctx context.Context) ([]*http.Cookie, error) {
	callback, flow, err := p.proceed(ctx)
	if err != nil {
		return nil, err
	}
	a, err := ask(ctx, http.MethodGet, p.public+callback, flow, nil, "Sec-Fetch-Dest", "document")
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusSeeOther || a.to != home {
		return nil, fmt.Errorf("callback: status %d, to %s: %s", a.status, a.to, a.body)
	}
	return live(a.cookies), nil
}

func live(cookies []*http.Cookie) []*http.Cookie {
	var out []*http.Cookie
	for _, c := range cookies {
		if c.MaxAge >= 0 && c.Value != "" {
			out = append(out, c)
		}
	}
	return out
}

func (p *process) mustLogin(t *testing.T) []*http.Cookie {
	t.Helper()
	cookies, err := p.login(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, p.log)
	}
	return cookies
}

// me is the status of {base}/me.
func (p *process) me(t *testing.T, cookies []*http.Cookie) int {
	t.Helper()
	a, err := ask(t.Context(), http.MethodGet, p.public+"/auth/me", cookies, nil)
	if err != nil {
		t.Fatalf("me: %v\n%s", err, p.log)
	}
	return a.status
}

// check is the status of forward auth.
func (p *process) check(t *testing.T, cookies []*http.Cookie) int {
	t.Helper()
	a, err := ask(t.Context(), http.MethodGet, p.public+"/auth/check/nginx", cookies, nil)
	if err != nil {
		t.Fatalf("check: %v\n%s", err, p.log)
	}
	return a.status
}

// tokenOf leaves the access JWT alone to speak for the session: no store is asked.
func tokenOf(cookies []*http.Cookie) []*http.Cookie { return named(cookies, cookieName) }

// handleOf leaves the handle alone: the store is asked.
func handleOf(cookies []*http.Cookie) []*http.Cookie { return named(cookies, cookieName+"-session") }

func named(cookies []*http.Cookie, name string) []*http.Cookie {
	for _, c := range cookies {
		if c.Name == name {
			return []*http.Cookie{c}
		}
	}
	return nil
}
