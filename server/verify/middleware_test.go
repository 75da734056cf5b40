package verify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/googlelogin/operator/server/verify"
)

func TestMiddleware(t *testing.T) {
	i := newIssuer(t, "one")
	good := i.sign("one")
	bad := i.sign("one", func(t *jwt.Token) { t.Header["typ"] = "JWT" })
	behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := verify.From(r.Context())
		fmt.Fprint(w, claims.Subject, ok)
	})
	withCookie, without := i.verifier().Middleware(behind), i.verifier(func(o *verify.Options) { o.Cookie = "" }).Middleware(behind)
	for name, row := range map[string]struct {
		handler   http.Handler
		header    http.Header
		status    int
		challenge string
	}{
		"a bearer token":              {withCookie, http.Header{"Authorization": {"Bearer " + good}}, 200, ""},
		"bearer in lower case":        {withCookie, http.Header{"Authorization": {"bearer " + good}}, 200, ""},
		"a cookie":                    {withCookie, http.Header{"Cookie": {"__Host-shop=" + good}}, 200, ""},
		"a cookie that is not asked":  {without, http.Header{"Cookie": {"__Host-shop=" + good}}, 401, "Bearer"},
		"another cookie":              {withCookie, http.Header{"Cookie": {"shop=" + good}}, 401, "Bearer"},
		"two cookies":                 {withCookie, http.Header{"Cookie": {"__Host-shop=" + good + "; __Host-shop=" + good}}, 401, "Bearer"},
		"nothing":                     {withCookie, http.Header{}, 401, "Bearer"},
		"a bad token":                 {withCookie, http.Header{"Authorization": {"Bearer " + bad}}, 401, `Bearer error="invalid_token"`},
		"a bad token beside a cookie": {withCookie, http.Header{"Authorization": {"Bearer " + bad}, "Cookie": {"__Host-shop=" + good}}, 401, `Bearer error="invalid_token"`},
		"no scheme beside a cookie":   {withCookie, http.Header{"Authorization": {good}, "Cookie": {"__Host-shop=" + good}}, 401, "Bearer"},
		"two Authorization headers":   {withCookie, http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, 401, "Bearer"},
		"another scheme":              {withCookie, http.Header{"Authorization": {"Basic " + good}}, 401, "Bearer"},
		"keys that cannot be had":     {unreachable(i).Middleware(behind), http.Header{"Authorization": {"Bearer " + good}}, 503, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = row.header
		w := httptest.NewRecorder()
		row.handler.ServeHTTP(w, r)
		if w.Code != row.status || w.Header().Get("WWW-Authenticate") != row.challenge || (w.Code == 200) != (w.Body.String() == "usertrue") {
			t.Errorf("%s: %d %q %q, want %d %q", name, w.Code, w.Header().Get("WWW-Authenticate"), w.Body, row.status, row.challenge)
		}
	}
	if _, ok := verify.From(t.Context()); ok {
		t.Error("there are claims without a middleware")
	}
}

func unreachable(i *issuer) *verify.Verifier {
	return i.verifier(func(o *verify.Options) { o.JWKSURL = "http://127.0.0.1:1/jwks.json" })
}
