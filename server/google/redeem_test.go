package google_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

func tokenBody(f func(string) string) googletest.Fault {
	return googletest.TokenBody(func(b []byte) []byte { return []byte(f(string(b))) })
}

// accessToken sends another access token with an ID token that has no at_hash to tell.
func accessToken(value any) googletest.Fault {
	return googletest.All(googletest.Claim("at_hash", nil), googletest.TokenField("access_token", value))
}

func TestRefusesAnswersOfTheTokenEndpoint(t *testing.T) {
	tests := []struct {
		name  string
		fault googletest.Fault
		want  error
	}{
		{"C30 400 invalid_grant", googletest.TokenError(400, "invalid_grant"), google.ErrCodeRejected},
		{"C31 401 invalid_client", googletest.TokenError(401, "invalid_client"), google.ErrClientRejected},
		{"C31 401 unauthorized_client", googletest.TokenError(401, "unauthorized_client"), google.ErrClientRejected},
		{"C31 401 deleted_client", googletest.TokenError(401, "deleted_client"), google.ErrClientRejected},
		{"C32 500", googletest.TokenStatus(500), google.ErrUnavailable},
		{"C32 503", googletest.TokenStatus(503), google.ErrUnavailable},
		{"C32 429", googletest.TokenStatus(429), google.ErrUnavailable},
		{"C32 500 with an OAuth error", googletest.TokenError(500, "invalid_grant"), google.ErrUnavailable},
		{"C32 reset", googletest.Reset(googletest.Token), google.ErrUnavailable},
		{"C32 body cut off", googletest.Truncate(googletest.Token, 100), google.ErrUnavailable},
		{"C33 HTML body", googletest.Body(googletest.Token, "text/html", "<p>hello"), google.ErrTokenInvalid},
		{"C33 JSON called HTML", googletest.ContentType(googletest.Token, "text/html"), google.ErrTokenInvalid},
		{"C33 JSON called text", googletest.ContentType(googletest.Token, "text/plain"), google.ErrTokenInvalid},
		{"C33 form body", googletest.Body(googletest.Token, "application/x-www-form-urlencoded", "access_token=a&token_type=Bearer"), google.ErrTokenInvalid},
		{"C33 10 MB body", googletest.Huge(googletest.Token, 10<<20), google.ErrTokenInvalid},
		{"C33 no content type", googletest.ContentType(googletest.Token, ""), google.ErrTokenInvalid},
		{"C33 duplicate key", tokenBody(func(s string) string { return strings.Replace(s, "{", `{"token_type":"Bearer",`, 1) }), google.ErrTokenInvalid},
		{"C33 duplicate key spelt with an escape", tokenBody(func(s string) string { return strings.Replace(s, "{", `{"\u0074oken_type":"Bearer",`, 1) }), google.ErrTokenInvalid},
		{"C33 duplicate key further down", tokenBody(func(s string) string { return strings.Replace(s, "{", `{"x":{"a":1,"a":2},`, 1) }), google.ErrTokenInvalid},
		{"C33 data after the object", tokenBody(func(s string) string { return s + "{}" }), google.ErrTokenInvalid},
		{"C33 nested without end", tokenBody(func(string) string { return strings.Repeat(`{"a":`, 5000) }), google.ErrTokenInvalid},
		{"C33 nested deep and well", tokenBody(func(s string) string {
			return strings.Replace(s, "{", `{"x":`+strings.Repeat("[", 500)+strings.Repeat("]", 500)+",", 1)
		}), google.ErrTokenInvalid},
		{"C33 list", tokenBody(func(s string) string { return "[" + s + "]" }), google.ErrTokenInvalid},
		{"C33 null", tokenBody(func(string) string { return "null" }), google.ErrTokenInvalid},
		{"C33 empty body", tokenBody(func(string) string { return "" }), google.ErrTokenInvalid},
		{"C33 not UTF-8", tokenBody(func(s string) string { return strings.Replace(s, "{", "{\"x\":\"\xff\",", 1) }), google.ErrTokenInvalid},
		{"C34 no id_token", googletest.TokenField("id_token", nil), google.ErrTokenInvalid},
		{"C34 empty id_token", googletest.TokenField("id_token", ""), google.ErrTokenInvalid},
		{"C34 id_token is a number", googletest.TokenField("id_token", 7), google.ErrTokenInvalid},
		{"C34 id_token in capitals", tokenBody(func(s string) string { return strings.Replace(s, `"id_token"`, `"ID_TOKEN"`, 1) }), google.ErrTokenInvalid},
		{"C35 token_type MAC", googletest.TokenField("token_type", "MAC"), google.ErrTokenInvalid},
		{"C35 no token_type", googletest.TokenField("token_type", nil), google.ErrTokenInvalid},
		{"no access token", accessToken(nil), google.ErrTokenInvalid},
		{"access token with a line break", accessToken("a\r\nb"), google.ErrTokenInvalid},
		{"access token of 20 KB", accessToken(strings.Repeat("a", 20<<10)), google.ErrTokenInvalid},
		{"refresh token of 20 KB", googletest.TokenField("refresh_token", strings.Repeat("a", 20<<10)), google.ErrTokenInvalid},
		{"good body under 202", googletest.StatusOver(googletest.Token, 202), google.ErrTokenInvalid},
		{"good body under 400", googletest.StatusOver(googletest.Token, 400), google.ErrTokenInvalid},
		{"expires_in negative", googletest.TokenField("expires_in", -1), google.ErrTokenInvalid},
		{"expires_in beyond all bounds", googletest.TokenField("expires_in", 1<<60), google.ErrTokenInvalid},
		{"200 with an OAuth error", googletest.TokenResponse(func(b map[string]any) { b["error"] = "invalid_grant" }), google.ErrCodeRejected},
		{"400 redirect_uri_mismatch", googletest.TokenError(400, "redirect_uri_mismatch"), google.ErrTokenInvalid},
		{"403 with an error nobody knows", googletest.TokenError(403, "brewing"), google.ErrTokenInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(tt.fault)
			g, err := w.signIn(t)
			refuses(t, g, err, tt.want)
			if n := w.Calls(googletest.Token); n != 1 {
				t.Errorf("the code was sent %d times", n)
			}
		})
	}
}

// impatient gives up on the token endpoint at once, and waits for everything else.
type impatient struct{}

func (impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/token" {
		return http.DefaultTransport.RoundTrip(r)
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
	defer cancel()
	return http.DefaultTransport.RoundTrip(r.WithContext(ctx))
}

func TestC32_TimeoutIsNotRetried(t *testing.T) {
	w := newWorld(t, func(o *google.Options) { o.HTTPClient = &http.Client{Transport: impatient{}} })
	w.Misbehave(googletest.Hang(googletest.Token, nil))
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v does not say that time was up", err)
	}
	if n := w.Calls(googletest.Token); n > 1 {
		t.Errorf("the code was sent %d times", n)
	}
}

func TestC32_AnAnswerThatTakesTooLongIsNotAwaited(t *testing.T) {
	for row, begin := range map[string]func(w http.ResponseWriter){
		"nothing comes": func(http.ResponseWriter) {},
		"it stops in the body": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":`)
			_ = http.NewResponseController(w).Flush()
		},
	} {
		t.Run(row, func(t *testing.T) {
			w := newWorld(t, func(o *google.Options) { o.HTTPClient = &http.Client{Timeout: 300 * time.Millisecond} })
			w.Misbehave(googletest.Around(googletest.Token, func(http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					begin(rw)
					<-r.Context().Done()
				})
			}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			g, err := w.signInWith(t, ctx)
			refuses(t, g, err, google.ErrUnavailable)
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v does not say that time was up", err)
			}
		})
	}
}

func TestC32_CallerThatGivesUpEndsTheExchange(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.Misbehave(googletest.Around(googletest.Token, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
	}))
	g, err := w.signInWith(t, ctx)
	refuses(t, g, err, google.ErrUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v does not say that the caller went away", err)
	}
}

func TestC36_AlwaysSendsS256AndTheStandInRefusesOtherVerifiers(t *testing.T) {
	w := newWorld(t)
	code := w.code(t, authRequest())
	if form := w.LastForm(googletest.Authorize); form.Get("code_challenge_method") != "S256" || form.Get("code_challenge") == "" {
		t.Errorf("authorization request %v", form)
	}
	r := redemption(code)
	r.CodeVerifier = strings.Repeat("x", 43)
	g, err := w.provider.Redeem(t.Context(), r)
	refuses(t, g, err, google.ErrCodeRejected)
}

func TestC36_NeverSendsACodeWithoutAVerifier(t *testing.T) {
	w := newWorld(t)
	r := redemption(w.code(t, authRequest()))
	r.CodeVerifier = ""
	g, err := w.provider.Redeem(t.Context(), r)
	refuses(t, g, err, google.ErrBadRequest)
	if n := w.Calls(googletest.Token); n != 0 {
		t.Errorf("%d token requests", n)
	}
}

func TestC37_RedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			thief := googletest.NewServer(t, googletest.Options{})
			w := newWorld(t)
			w.Misbehave(googletest.Redirect(googletest.Token, status, thief.URL+"/token"))
			g, err := w.signIn(t)
			refuses(t, g, err, google.ErrTokenInvalid)
			if n := thief.Calls(googletest.Token); n != 0 {
				t.Errorf("the redirect was followed %d times", n)
			}
		})
	}
}

func TestC38_CertificateThatNobodySigned(t *testing.T) {
	tls := httptest.NewTLSServer(googletest.New(googletest.Options{}))
	defer tls.Close()
	tls.Config.ErrorLog = nil
	w := newWorld(t)
	w.Misbehave(googletest.DiscoveryDocument(func(doc map[string]any) { doc["token_endpoint"] = tls.URL + "/token" }))
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrUnavailable)
}

func TestC38_CertificateOfAnotherHost(t *testing.T) {
	g := googletest.New(googletest.Options{})
	tls := httptest.NewTLSServer(g)
	defer tls.Close()
	// The test server's certificate is trusted here, and it is not for this name.
	elsewhere := strings.Replace(tls.URL, "127.0.0.1", "localhost", 1)
	w := newWorld(t, func(o *google.Options) { o.HTTPClient = tls.Client() })
	w.Misbehave(googletest.DiscoveryDocument(func(doc map[string]any) { doc["token_endpoint"] = elsewhere + "/token" }))
	grant, err := w.signIn(t)
	refuses(t, grant, err, google.ErrUnavailable)
	if n := g.Calls(googletest.Token); n != 0 {
		t.Errorf("the code was sent %d times", n)
	}
}

func TestC39_GranularConsent(t *testing.T) {
	const calendar = "https://www.googleapis.com/auth/calendar"
	tests := []struct {
		name  string
		fault googletest.Fault
		asked []string
		want  []string
	}{
		{"C39 a feature left unticked", googletest.GrantOnly("openid", "email", "profile"), append(basic[:3:3], calendar), []string{calendar}},
		{"C39 profile left unticked, in its short name", googletest.GrantOnly("openid", "email"), basic, []string{"profile"}},
		{"C39 all granted, in long names and another order", googletest.GrantOnly("profile", "email", "openid"), basic, nil},
		{"C39 more granted than asked", googletest.GrantOnly("openid", "email", "profile", calendar), basic, nil},
		{"C39 no scope in the answer means as asked", googletest.TokenField("scope", nil), basic, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(tt.fault)
			request := authRequest()
			request.Scopes = tt.asked
			r := redemption(w.code(t, request))
			r.Scopes = tt.asked
			g, err := w.provider.Redeem(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, g.MissingScopes); diff != "" && len(tt.want)+len(g.MissingScopes) > 0 {
				t.Error(diff)
			}
			if g.Identity.Email != "ann@example.com" {
				t.Errorf("identity %+v", g.Identity)
			}
		})
	}
}

func TestC39_NoLoginWithoutTheEmailScope(t *testing.T) {
	w := newWorld(t)
	w.Misbehave(googletest.GrantOnly("openid", "profile"))
	g, err := w.signIn(t)
	refuses(t, g, err, google.ErrTokenInvalid)
}

func TestB24_HugeCodeIsNotSent(t *testing.T) {
	w := newWorld(t)
	for _, code := range []string{"", strings.Repeat("x", 100<<10)} {
		g, err := w.provider.Redeem(t.Context(), redemption(code))
		refuses(t, g, err, google.ErrCodeRejected)
	}
	if n := w.Calls(googletest.Token) + w.Calls(googletest.Discovery); n != 0 {
		t.Errorf("%d outbound calls", n)
	}
}

func TestB16_CodeThatWasUsedIsRejected(t *testing.T) {
	w := newWorld(t)
	code := w.code(t, authRequest())
	if _, err := w.provider.Redeem(t.Context(), redemption(code)); err != nil {
		t.Fatal(err)
	}
	g, err := w.provider.Redeem(t.Context(), redemption(code))
	refuses(t, g, err, google.ErrCodeRejected)
}

func TestSecretTravelsInTheBodyAlone(t *testing.T) {
	w := newWorld(t)
	var header string
	w.Misbehave(googletest.Around(googletest.Token, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			header = r.Header.Get("Authorization") + r.URL.RawQuery
			next.ServeHTTP(rw, r)
		})
	}))
	if _, err := w.signIn(t); err != nil {
		t.Fatal(err)
	}
	if header != "" || w.LastForm(googletest.Token).Get("client_secret") != googletest.ClientSecret {
		t.Errorf("header or query %q, form %v", header, w.LastForm(googletest.Token))
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	faults := map[string]googletest.Fault{
		"an answer that quotes the request": googletest.Around(googletest.Token, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(400)
				form := r.PostForm.Get("code") + r.PostForm.Get("client_secret") + r.PostForm.Get("code_verifier")
				_, _ = rw.Write([]byte(`{"error":"` + form + `","error_description":"` + form + `"}`))
			})
		}),
		"a reset":           googletest.Reset(googletest.Token),
		"a broken ID token": googletest.IDToken(func(s string) string { return s[:len(s)-10] + "AAAAAAAAAA" }),
		"another audience":  googletest.Claim("aud", "someone"),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Misbehave(fault)
			code := w.code(t, authRequest())
			_, err := w.provider.Redeem(t.Context(), redemption(code))
			if err == nil {
				t.Fatal("no error")
			}
			for _, secret := range []string{code, googletest.ClientSecret, verifier, nonce, "ann@", "110000000000000000001"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q holds %q", err, secret)
				}
			}
		})
	}
}
