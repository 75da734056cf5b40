// Package visitor is a browser without a window, for tests that sign in by the thousand: it follows no redirect by itself, holds no
// cookie that the test did not give it, and reads every answer to its end before the test may count on it.
package visitor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Visitor asks one callback server.
type Visitor struct {
	// Public is where the server is reached.
	Public string
	// Origin is what the browser believes it talks to: the origin of the redirect URI.
	Origin string
	// Home is where a login ends.
	Home string
	// Cookie is the name of the access JWT's cookie.
	Cookie string
	// HTTP sends the requests; it must not follow redirects.
	HTTP *http.Client
}

// NoRedirects is a client's CheckRedirect.
func NoRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Answer is a response that was read to its end.
type Answer struct {
	Status  int
	To      string
	Cookies []*http.Cookie
	Body    string
}

// Get asks the server as a script of the front end does.
func (v *Visitor) Get(ctx context.Context, path string, cookies []*http.Cookie, headers ...string) (Answer, error) {
	return v.ask(ctx, http.MethodGet, v.Public+path, cookies, nil, headers...)
}

// Post sends a form, as a page of the same origin does.
func (v *Visitor) Post(ctx context.Context, path string, cookies []*http.Cookie, form url.Values) (Answer, error) {
	return v.ask(ctx, http.MethodPost, v.Public+path, cookies, form)
}

// ask returns an error unless the response has arrived whole.
func (v *Visitor) ask(ctx context.Context, method, target string, cookies []*http.Cookie, form url.Values, headers ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return Answer{}, err
	}
	if strings.HasPrefix(target, v.Public+"/") {
		_, request.Host, _ = strings.Cut(v.Origin, "://")
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept", "application/json")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	for _, c := range cookies {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	response, err := v.HTTP.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header.Get("Location"), response.Cookies(), string(body)}, err
}

// Proceed begins a login and lets Google answer, which must need nobody's click. It returns the callback's path and query, and
// the flow's cookie.
func (v *Visitor) Proceed(ctx context.Context) (callback string, flow []*http.Cookie, err error) {
	started, err := v.Get(ctx, "/auth/login", nil, "Sec-Fetch-Dest", "document")
	if err != nil {
		return "", nil, err
	}
	if started.Status != http.StatusSeeOther {
		return "", nil, fmt.Errorf("login: status %d: %s", started.Status, started.Body)
	}
	atGoogle, err := v.ask(ctx, http.MethodGet, started.To, nil, nil)
	if err != nil {
		return "", nil, err
	}
	callback, ours := strings.CutPrefix(atGoogle.To, v.Origin)
	if !ours {
		return "", nil, fmt.Errorf("google: status %d", atGoogle.Status)
	}
	return callback, started.Cookies, nil
}

// Login is a whole login. It returns the session's cookies.
func (v *Visitor) Login(ctx context.Context) ([]*http.Cookie, error) {
	callback, flow, err := v.Proceed(ctx)
	if err != nil {
		return nil, err
	}
	a, err := v.Get(ctx, callback, flow, "Sec-Fetch-Dest", "document")
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusSeeOther || a.To != v.Home {
		return nil, fmt.Errorf("callback: status %d, to %s: %s", a.Status, a.To, a.Body)
	}
	return a.Live(), nil
}

// Live are the cookies that an answer sets, without those that it clears.
func (a Answer) Live() []*http.Cookie {
	var out []*http.Cookie
	for _, c := range a.Cookies {
		if c.MaxAge >= 0 && c.Value != "" {
			out = append(out, c)
		}
	}
	return out
}

// Token leaves the access JWT alone to speak for the session: no store is asked.
func (v *Visitor) Token(cookies []*http.Cookie) []*http.Cookie { return named(cookies, v.Cookie) }

// Handle leaves the handle alone: the store is asked.
func (v *Visitor) Handle(cookies []*http.Cookie) []*http.Cookie {
	return named(cookies, v.Cookie+"-session")
}

func named(cookies []*http.Cookie, name string) []*http.Cookie {
	for _, c := range cookies {
		if c.Name == name {
			return []*http.Cookie{c}
		}
	}
	return nil
}
