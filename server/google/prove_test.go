package google_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/googlelogin/operator/server/google"
	"github.com/googlelogin/operator/server/google/googletest"
)

func TestC31_ProveTellsTheClientFromItsCode(t *testing.T) {
	answering := func(status int, body string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			})
		}
	}
	good := google.Credentials{ClientID: googletest.ClientID, ClientSecret: googletest.ClientSecret}
	wrong := google.Credentials{ClientID: googletest.ClientID, ClientSecret: "hunter2-wrong"}
	for name, row := range map[string]struct {
		client        google.Credentials
		misbehave     func(http.Handler) http.Handler
		want, wantNot error
	}{
		"right":                       {good, nil, nil, nil},
		"wrong secret":                {wrong, nil, google.ErrClientRejected, nil},
		"unknown client":              {google.Credentials{ClientID: "nobody", ClientSecret: "x"}, nil, google.ErrClientRejected, nil},
		"not for this flow":           {good, answering(401, `{"error":"unauthorized_client"}`), google.ErrClientRejected, nil},
		"Google is unwell":            {good, answering(503, `{"error":"invalid_client"}`), google.ErrUnavailable, google.ErrClientRejected},
		"too many requests":           {good, answering(429, `{}`), google.ErrUnavailable, google.ErrClientRejected},
		"an answer of something else": {good, answering(403, `<html>proxy</html>`), google.ErrTokenInvalid, google.ErrClientRejected},
		"another redirect URI":        {good, answering(400, `{"error":"redirect_uri_mismatch"}`), google.ErrTokenInvalid, google.ErrClientRejected},
		"the junk is redeemed":        {good, answering(200, `{"access_token":"a","token_type":"Bearer","id_token":"x","expires_in":3600}`), google.ErrTokenInvalid, nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := googletest.NewServer(t, googletest.Options{})
			if row.misbehave != nil {
				srv.Misbehave(googletest.Around(googletest.Token, row.misbehave))
			}
			p := google.New(google.Options{Issuer: srv.URL, Scopes: []string{"openid"}})
			err := p.Prove(t.Context(), row.client, "https://shop.example.com/auth/callback")
			if !errors.Is(err, row.want) || (row.wantNot != nil && errors.Is(err, row.wantNot)) {
				t.Errorf("error is %v, want %v", err, row.want)
			}
			if p.Ready() == nil {
				t.Error("to prove a client made it the one in use")
			}
		})
	}
}
