package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// verifier checks access JWTs as any service of the team would: offline, by issuer, audience, expiry and signature. It does not
// know whether the session was ended since; the short life of the token bounds that.
type verifier struct {
	cookie string
	tokens *oidc.IDTokenVerifier
}

func newVerifier(o options) *verifier {
	// The keys are fetched when the first token arrives, and again when one names a key that is not known yet. The client given
	// here is used for that; without one there would be no time limit.
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: 5 * time.Second})
	keys := oidc.NewRemoteKeySet(ctx, o.jwksURL)
	return &verifier{
		cookie: o.cookie,
		tokens: oidc.NewVerifier(o.issuer, keys, &oidc.Config{
			ClientID:             o.audience,
			SupportedSigningAlgs: []string{oidc.ES256},
		}),
	}
}

// customer is what the shop wants to know of a user.
type customer struct {
	Subject string `json:"sub"`
	Name    string `json:"name"`
	Email   string `json:"email"`
}

// customer returns who the request's access JWT speaks of.
func (v *verifier) customer(r *http.Request) (customer, error) {
	cookies := r.CookiesNamed(v.cookie)
	// Two cookies of one name mean that somebody else could set one of them.
	if len(cookies) != 1 {
		return customer{}, errors.New("want exactly one session cookie")
	}
	token, err := v.tokens.Verify(r.Context(), cookies[0].Value)
	if err != nil {
		return customer{}, fmt.Errorf("verify access token: %w", err)
	}
	var c customer
	if err := token.Claims(&c); err != nil {
		return customer{}, fmt.Errorf("read claims: %w", err)
	}
	return c, nil
}

type greeting struct {
	customer
	Message string `json:"message"`
}

func hello(log *slog.Logger, v *verifier) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		c, err := v.customer(r)
		if err != nil {
			log.Info("refused", "path", r.URL.Path, "err", err)
			w.WriteHeader(http.StatusUnauthorized)
			answer(w, map[string]string{"error": "unauthenticated"})
			return
		}
		answer(w, greeting{customer: c, Message: "The shop's backend verified your token."})
	})
}

// answer ignores a write that fails: the one who asked has gone.
func answer(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }
