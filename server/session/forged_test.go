package session_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/session"
)

// Every row is signed with the key of this very server, and wrong in one thing alone.
func TestD65_TokensThatAreNotAccessTokensOfThisServer(t *testing.T) {
	a := newApp(t, nil)
	now := a.clock.now()
	good := func() session.Claims {
		return session.Claims{
			RegisteredClaims: jwt.RegisteredClaims{
				Issuer: "https://shop.example.com/auth", Subject: "user-ann", Audience: []string{"shop"}, ID: "j",
				IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
			},
			SessionID: "s",
		}
	}
	for name, row := range map[string]struct {
		typ    string
		change func(*session.Claims)
		want   int
	}{
		"nothing wrong":       {session.TokenType, func(*session.Claims) {}, 200},
		"another type":        {"JWT", func(*session.Claims) {}, 401},
		"another issuer":      {session.TokenType, func(c *session.Claims) { c.Issuer = "https://shop.example.com/auth/" }, 401},
		"I111 other audience": {session.TokenType, func(c *session.Claims) { c.Audience = []string{"office"} }, 401},
		"no audience":         {session.TokenType, func(c *session.Claims) { c.Audience = nil }, 401},
		"no expiry":           {session.TokenType, func(c *session.Claims) { c.ExpiresAt = nil }, 401},
		"expired":             {session.TokenType, func(c *session.Claims) { c.ExpiresAt = jwt.NewNumericDate(now) }, 410},
		"not valid yet":       {session.TokenType, func(c *session.Claims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Second)) }, 401},
		"no nbf":              {session.TokenType, func(c *session.Claims) { c.NotBefore = nil }, 401},
		"no iat":              {session.TokenType, func(c *session.Claims) { c.IssuedAt = nil }, 401},
		"no session":          {session.TokenType, func(c *session.Claims) { c.SessionID = "" }, 401},
		"no subject":          {session.TokenType, func(c *session.Claims) { c.Subject = "" }, 401},
	} {
		claims := good()
		row.change(&claims)
		token, err := a.keys.Sign(row.typ, claims)
		if err != nil {
			t.Fatal(err)
		}
		if p := a.browser(t).get("/check", &http.Cookie{Name: tokenCookie, Value: token}); p.status != row.want {
			t.Errorf("%s: answers %d, want %d", name, p.status, row.want)
		}
	}
}

func TestI103_MalformedCookies(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	good := tokenCookie + "=" + b.cookie(tokenCookie)
	handle := b.cookie(handleCookie)
	for name, row := range map[string]struct {
		header string
		want   int
	}{
		"a good one":             {good, 200},
		"empty":                  {"", 401},
		"no value":               {tokenCookie + "=", 401},
		"no equals sign":         {tokenCookie, 401},
		"semicolons":             {";;;=;;" + tokenCookie, 401},
		"huge":                   {tokenCookie + "=" + strings.Repeat("e", 100_000), 401},
		"not UTF-8":              {tokenCookie + "=\xff\xfe", 401},
		"truncated":              {good[:len(good)-1], 401},
		"extended":               {good + "A", 401},
		"five parts":             {good + ".a.b", 401},
		"name in upper case":     {strings.ToUpper(good[:len(tokenCookie)]) + good[len(tokenCookie):], 401},
		"a good handle":          {handleCookie + "=" + handle, 200},
		"H100 handle truncated":  {handleCookie + "=" + handle[:42], 401},
		"H100 handle extended":   {handleCookie + "=" + handle + "A", 401},
		"H100 handle flipped":    {handleCookie + "=" + flip(handle), 401},
		"handle spelt otherwise": {handleCookie + "=" + respell(handle), 401},
		"token spelt otherwise":  {tokenCookie + "=" + respell(b.cookie(tokenCookie)), 401},
		"handle with padding":    {handleCookie + "=" + handle + "=", 401},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+"/resume", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", row.header)
		response, err := a.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != row.want {
			t.Errorf("%s: answers %d, want %d", name, response.StatusCode, row.want)
		}
	}
}

// flip changes one character of a handle.
func flip(handle string) string {
	if handle[0] == 'A' {
		return "B" + handle[1:]
	}
	return "A" + handle[1:]
}

// respell changes bits at the end of base64url text that no byte is made of.
func respell(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + string(alphabet[last^1])
}

func TestM8_NeitherLogNorErrorNamesASecret(t *testing.T) {
	a := newApp(t, nil)
	b := a.signedIn(t)
	token, handle := b.cookie(tokenCookie), b.cookie(handleCookie)
	a.store.setDown(true)
	a.clock.pass(time.Hour)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(&http.Cookie{Name: tokenCookie, Value: token})
	request.AddCookie(&http.Cookie{Name: handleCookie, Value: handle})
	_, checkErr := a.manager.Check(request)
	_, resumeErr := a.manager.Resume(t.Context(), nil, request)
	if checkErr == nil || resumeErr == nil {
		t.Fatal("neither request should pass")
	}
	told := checkErr.Error() + resumeErr.Error() + a.log.String()
	for _, secret := range []string{token, handle, strings.Split(token, ".")[2], a.user.Email} {
		if strings.Contains(told, secret) {
			t.Errorf("told: %s", told)
		}
	}
}
