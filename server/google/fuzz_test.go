package google_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

// fuzzWorld is a world for a fuzz target, which has no *testing.T when it begins.
func fuzzWorld(f *testing.F) *world {
	s := googletest.NewServer(f, googletest.Options{Auto: "ann@example.com", Issuer: google.Issuer})
	o := google.Options{Scopes: basic, HTTPClient: &http.Client{Transport: s.AsGoogle()}}
	w := &world{Server: s, provider: google.New(o), options: o}
	w.provider.SetCredentials(credentials)
	return w
}

// FuzzIDToken changes signed tokens in any way: none but the original may pass, and nothing may panic.
func FuzzIDToken(f *testing.F) {
	w := fuzzWorld(f)
	good := must(w.MintIDToken(googletest.ClientID, "ann@example.com", nonce))
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, seed := range []string{
		good, "", "..", "a.b.c", good + ".x", parts[0] + ".." + parts[2], none + "." + parts[1] + ".", good[:len(good)-1],
		jsonSerialisation(good), strings.Repeat("A", 9000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		id, err := w.provider.VerifyIDToken(t.Context(), raw, nonce)
		if err == nil && raw != good {
			t.Errorf("%q passed as %+v", raw, id)
		}
		if err != nil && !errors.Is(err, google.ErrTokenInvalid) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

// FuzzIDTokenPayload signs any payload with the right key: what passes must be about somebody, and nothing may panic.
func FuzzIDTokenPayload(f *testing.F) {
	w := fuzzWorld(f)
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"iss":"accounts.google.com","aud":["x"],"sub":"1","exp":1e9,"iat":1}`, `{"sub":"1","sub":"2"}`,
		`{"iss":"https://accounts.google.com","aud":"` + googletest.ClientID + `","sub":"1","exp":253402300799,"iat":1,"nonce":"` +
			nonce + `","email":"a@b.example","email_verified":true}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.Behave()
		w.Misbehave(googletest.Payload(func([]byte) []byte { return payload }))
		raw := must(w.MintIDToken(googletest.ClientID, "ann@example.com", nonce))
		id, err := w.provider.VerifyIDToken(t.Context(), raw, nonce)
		if err == nil && (id.Subject == "" || strings.Count(id.Email, "@") != 1 || id.Issuer != google.Issuer) {
			t.Errorf("%q passed as %+v", payload, id)
		}
		if err != nil && !errors.Is(err, google.ErrTokenInvalid) {
			t.Errorf("%q: %v", payload, err)
		}
	})
}

// FuzzTokenResponse answers an exchange with anything: without our nonce signed into it, nothing may pass or panic.
func FuzzTokenResponse(f *testing.F) {
	w := fuzzWorld(f)
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"access_token":"a","token_type":"Bearer","id_token":"a.b.c"}`, `{"error":"invalid_grant"}`,
		`{"access_token":"a","access_token":"b"}`, `{"expires_in":1e400}`, "<html>", `{"a":` + strings.Repeat("[", 100),
	} {
		f.Add(200, "application/json", []byte(seed))
	}
	f.Add(400, "application/json; charset=utf-8", []byte(`{"error":"invalid_client"}`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		if status < 200 || status > 599 || strings.ContainsAny(contentType, "\r\n") {
			return
		}
		w.Behave()
		w.Misbehave(googletest.Around(googletest.Token, func(http.Handler) http.Handler { return answer(status, contentType, body) }))
		g, err := w.provider.Redeem(t.Context(), redemption("code"))
		if err == nil {
			t.Errorf("%d %q passed as %v", status, body, g)
		}
	})
}

func answer(status int, contentType string, body []byte) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", contentType)
		rw.WriteHeader(status)
		_, _ = rw.Write(body)
	}
}
