package flow

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// tabs opens n tabs that do not see one another's cookies, and returns the Cookie header that a browser sends after them: the oldest
// first.
func tabs(t *testing.T, c *Cookies, n int) ([]Flow, []*http.Cookie) {
	t.Helper()
	rand := newRand()
	var flows []Flow
	var sent []*http.Cookie
	for range n {
		f := newFlow(t, "https://shop.example.com/cart", start, rand)
		w := httptest.NewRecorder()
		if err := c.Put(w, browser{}.request(), f); err != nil {
			t.Fatal(err)
		}
		flows, sent = append(flows, f), append(sent, w.Result().Cookies()...)
	}
	return flows, sent
}

func request(cookies []*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://shop.example.com/auth/callback", nil)
	for _, cookie := range cookies {
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	return r
}

// without is what the browser holds after an answer, and how many cookies the answer cleared.
func without(cookies []*http.Cookie, w *httptest.ResponseRecorder) (left []*http.Cookie, cleared int) {
	gone := map[string]bool{}
	for _, cookie := range w.Result().Cookies() {
		gone[cookie.Name] = cookie.MaxAge < 0
	}
	for _, cookie := range cookies {
		if !gone[cookie.Name] {
			left = append(left, cookie)
		}
	}
	return left, len(gone)
}

func TestA2_AHundredTabsAtOnceKeepTheNewestEight(t *testing.T) {
	for _, order := range []string{"newest first", "oldest first"} {
		t.Run(order, func(t *testing.T) {
			c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), (&clock{start}).Now)
			flows, jar := tabs(t, c, 100)
			for i := range maxFlows {
				finished := flows[100-1-i]
				if order == "oldest first" {
					finished = flows[100-maxFlows+i]
				}
				if _, err := c.Open(request(jar), finished.State); err != nil {
					t.Fatalf("flow %d of the newest eight: %v", i+1, err)
				}
				w := httptest.NewRecorder()
				c.Clear(w, request(jar), finished.State)
				var cleared int
				if jar, cleared = without(jar, w); cleared > maxCleared+1 {
					t.Errorf("one answer clears %d cookies", cleared)
				}
			}
			if len(jar) > maxFlows {
				t.Errorf("%d flow cookies are left, want at most %d", len(jar), maxFlows)
			}
		})
	}
}

func TestPrune_BringsABrowserBackUnderTheLimits(t *testing.T) {
	at := &clock{start}
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)
	_, jar := tabs(t, c, 20)
	jar = append(jar, &http.Cookie{Name: c.prefix + "unreadable", Value: "x"}, &http.Cookie{Name: "unrelated", Value: "stays"})
	for i := 0; ; i++ {
		w := httptest.NewRecorder()
		c.Prune(w, request(jar))
		var cleared int
		if jar, cleared = without(jar, w); cleared == 0 {
			break
		}
		if i > 3 {
			t.Fatal("does not come to an end")
		}
	}
	var names []string
	for _, cookie := range jar {
		names = append(names, cookie.Name)
	}
	if len(jar) != maxFlows+1 || names[maxFlows] != "unrelated" {
		t.Errorf("left %s", fmt.Sprint(names))
	}
	at.now = start.Add(Lifetime + time.Second)
	w := httptest.NewRecorder()
	c.Prune(w, request(jar))
	if jar, _ = without(jar, w); len(jar) != 1 {
		t.Errorf("expired flows stay: %v", jar)
	}
}

func TestB17_TwoTabsThatAreLateBothHearIt(t *testing.T) {
	at := &clock{start}
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), at.Now)
	flows, jar := tabs(t, c, 2)
	at.now = start.Add(Lifetime)
	for i, f := range flows {
		if _, err := c.Open(request(jar), f.State); !errors.Is(err, ErrExpired) {
			t.Errorf("tab %d: %v, want ErrExpired", i+1, err)
		}
		w := httptest.NewRecorder()
		c.Clear(w, request(jar), f.State)
		jar, _ = without(jar, w)
	}
	if len(jar) != 0 {
		t.Errorf("left %v", jar)
	}
}

func TestPrune_WithoutKeysLeavesEverything(t *testing.T) {
	c := NewCookies("shop/shop", shopCookie, newSealer(t, newKeyset(t, 1)), (&clock{start}).Now)
	_, jar := tabs(t, c, 20)
	w := httptest.NewRecorder()
	NewCookies("shop/shop", shopCookie, new(Sealer), (&clock{start}).Now).Prune(w, request(jar))
	if left, _ := without(jar, w); len(left) != 20 {
		t.Errorf("%d of 20 flows are left by a server that cannot read them yet", len(left))
	}
}
