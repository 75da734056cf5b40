package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

// setCookies starts a session for the user and returns the Set-Cookie headers and the claims.
func setCookies(t *testing.T, a *app, u identity.User) ([]string, session.Claims) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if _, err := a.manager.Start(t.Context(), w, r, a.saveUser(t, u), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	claims, err := a.manager.Check(r)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result().Header["Set-Cookie"], claims
}

func TestCookies_StayUnder4KBWhateverTheProfile(t *testing.T) {
	long := strings.Repeat("long", 2500)
	domain := strings.Repeat(strings.Repeat("d", 62)+".", 4)[:250]
	name := "__Secure-" + strings.Repeat("n", 55)
	var audiences []string
	for i := range 8 {
		audiences = append(audiences, fmt.Sprintf("%d%s", i, strings.Repeat("a", 127)))
	}
	for row, u := range map[string]identity.User{
		"short":           {Name: "Ann", Picture: "https://pictures.example.com/ann"},
		"long name":       {Name: long, Picture: "https://pictures.example.com/ann"},
		"long picture":    {Name: "Ann", Picture: "https://pictures.example.com/" + long},
		"both long":       {Name: long, Picture: long},
		"escaped in JSON": {Name: strings.Repeat("<", 400), Picture: strings.Repeat("\u2028", 200)},
		"longest of all":  {Email: strings.Repeat("e", 64) + "@" + domain[:189], HostedDomain: domain, Name: long, Picture: long},
	} {
		t.Run(row, func(t *testing.T) {
			a := newApp(t, func(c *config.Session) {
				c.Audiences = audiences
				c.Cookie = config.Cookie{Name: name, Domain: domain, SameSite: "None"}
			})
			u.ID, u.Issuer, u.Subject, u.EmailVerified = "00000000-0000-4000-8000-000000000000", "i", "other", true
			headers, _ := setCookies(t, a, u)
			if size := len(strings.Join(headers, "")); size >= 4096 {
				t.Errorf("the pair takes %d bytes", size)
			}
		})
	}
}

// A name just short enough to be kept is the worst case.
func TestCookies_StayUnder4KBWithANameOfAnyLength(t *testing.T) {
	a := newApp(t, func(c *config.Session) {
		c.Cookie = config.Cookie{Name: "__Secure-" + strings.Repeat("n", 55), Domain: strings.Repeat("d.", 126) + "d", SameSite: "None"}
	})
	longest := 0
	for length := 1500; length < 2300; length += 7 {
		u := a.user
		u.Name = strings.Repeat("n", length)
		headers, _ := setCookies(t, a, u)
		longest = max(longest, len(strings.Join(headers, "")))
	}
	if longest >= 4096 || longest < 3900 {
		t.Errorf("the longest pair takes %d bytes, want the room to be used and 4096 not reached", longest)
	}
}

func TestClaims_LoseThePictureBeforeTheName(t *testing.T) {
	long := strings.Repeat("long", 2500)
	for row, test := range map[string]struct{ name, picture, wantName, wantPicture string }{
		"both fit":     {"Ann", "https://p.example.com/a", "Ann", "https://p.example.com/a"},
		"long picture": {"Ann", long, "Ann", ""},
		"long name":    {long, "https://p.example.com/a", "", ""},
	} {
		a := newApp(t, nil)
		u := a.user
		u.Name, u.Picture = test.name, test.picture
		_, claims := setCookies(t, a, u)
		if claims.Name != test.wantName || claims.Picture != test.wantPicture || claims.Email != u.Email {
			t.Errorf("%s: name of %d bytes, picture of %d", row, len(claims.Name), len(claims.Picture))
		}
	}
}

// What is not measured must fit whatever it is made of: no character grows more in JSON than "<".
func TestClaims_AreMeasuredUnlessTheySurelyFit(t *testing.T) {
	now := jwt.NewNumericDate(time.Unix(9_999_999_999, 0))
	longest := 0
	for n := range session.MaxClaims {
		text := strings.Repeat("<", n)
		for _, c := range []session.Claims{
			{Name: text},
			{Email: text[:n/2], HostedDomain: text[n/2:]},
			{RegisteredClaims: jwt.RegisteredClaims{Audience: strings.Split(text, "")}},
			{RegisteredClaims: jwt.RegisteredClaims{Issuer: text[n/2:], Subject: strings.Repeat("s", n)}, Picture: text[:n/2]},
		} {
			c.ExpiresAt, c.NotBefore, c.IssuedAt = now, now, now
			size, err := session.Size(c)
			if err != nil {
				t.Fatal(err)
			}
			if surely := session.SurelyFit(c); surely && size > session.MaxClaims {
				t.Fatalf("%d bytes of claims were not measured", size)
			} else if surely {
				longest = max(longest, size)
			}
		}
	}
	if longest < session.MaxClaims-150 {
		t.Errorf("the longest claims that were not measured have %d bytes, want nearly %d", longest, session.MaxClaims)
	}
}

func TestStart_RefusesWhatFitsNoCookie(t *testing.T) {
	a := newApp(t, func(c *config.Session) { c.Audiences = []string{strings.Repeat("a", 3000)} })
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if _, err := a.manager.Start(t.Context(), w, r, a.user, nil); err == nil {
		t.Error("a session was started")
	}
	if len(w.Result().Cookies()) != 0 {
		t.Error("cookies were set")
	}
}

func TestStart_CutsTheUserAgent(t *testing.T) {
	for row, test := range map[string]struct{ agent, want string }{
		"short":                  {"Browser/1.0", "Browser/1.0"},
		"long":                   {strings.Repeat("x", 300), strings.Repeat("x", 200)},
		"cut between characters": {strings.Repeat("x", 199) + "ö", strings.Repeat("x", 199)},
		"not UTF-8":              {"a\xffb", "ab"},
	} {
		a := newApp(t, nil)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", test.agent)
		s, err := a.manager.Start(t.Context(), httptest.NewRecorder(), r, a.user, nil)
		if err != nil || s.UserAgent != test.want {
			t.Errorf("%s: kept %q (%v)", row, s.UserAgent, err)
		}
	}
}
