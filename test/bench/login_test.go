//go:build bench

package bench

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd is how many browsers there are at once, where nothing else is said.
const crowd = 8

// browser sends single requests and keeps no cookies by itself.
type browser struct{ transport *http.Transport }

func newBrowser() browser {
	return browser{&http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true}}
}

// get returns the answer, which must have this status.
func (b browser) get(url string, cookies []*http.Cookie, status int) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	for _, c := range cookies {
		request.AddCookie(c)
	}
	response, err := b.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s: status %d, want %d: %.300s", request.URL.Path, response.StatusCode, status, body)
	}
	return response, err
}

// login is a whole one, and returns the session's cookies.
func (b browser) login(base, email string) ([]*http.Cookie, error) {
	began, err := b.get(base+"/login?login_hint="+email+"&return_to=https://shop.example.com/orders", nil, http.StatusSeeOther)
	if err != nil {
		return nil, err
	}
	atGoogle, err := b.get(began.Header.Get("Location"), nil, http.StatusSeeOther)
	if err != nil {
		return nil, err
	}
	ended, err := b.get(atGoogle.Header.Get("Location"), began.Cookies(), http.StatusSeeOther)
	if err != nil {
		return nil, err
	}
	if to := ended.Header.Get("Location"); to != "https://shop.example.com/orders" {
		return nil, fmt.Errorf("the login ended at %s", to)
	}
	session, err := kept(ended)
	if err == nil && len(session) != 2 {
		err = errors.New("the login did not set both session cookies")
	}
	return session, err
}

// kept are the cookies that an answer sets, without those that it clears.
func kept(response *http.Response) (cookies []*http.Cookie, err error) {
	for _, c := range response.Cookies() {
		if c.MaxAge > 0 || c.MaxAge == 0 && c.Expires.After(time.Now()) {
			cookies = append(cookies, c)
		}
	}
	if len(cookies) == 0 {
		return nil, errors.New("the login set no session cookie")
	}
	return cookies, nil
}

// logins signs n people in, so many browsers at once, and returns what the server's CPU spent on each.
func (w *world) logins(t *testing.T, browsers, n int) time.Duration {
	t.Helper()
	b := newBrowser()
	defer b.transport.CloseIdleConnections()
	return w.each(t, browsers, n, func(i int) error {
		_, err := b.login(w.base, person(i))
		return err
	})
}

// each does something n times, so many at once, and returns what the server's CPU spent on each.
func (w *world) each(t *testing.T, atOnce, n int, do func(i int) error) time.Duration {
	t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, atOnce)
	before := w.cpu()
	for range atOnce {
		group.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := do(int(i)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	spent := w.cpu() - before
	select {
	case err := <-failed:
		t.Fatalf("%v\n%s", err, w.output())
	default:
	}
	return spent / time.Duration(n)
}
