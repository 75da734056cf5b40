package verify

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

type contextKey struct{}

// From returns the claims that Middleware found.
func From(ctx context.Context) (Claims, bool) {
	c, ok := ctx.Value(contextKey{}).(Claims)
	return c, ok
}

// Middleware hands a request on if it has a token that Verify accepts, with its claims for From. All others it answers itself: 401
// for one without a good token, 503 while the keys cannot be had.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := v.token(r)
		if !ok {
			refuse(w, http.StatusUnauthorized, `Bearer`)
			return
		}
		claims, err := v.Verify(r.Context(), token)
		switch {
		case errors.Is(err, ErrToken):
			refuse(w, http.StatusUnauthorized, `Bearer error="invalid_token"`)
		case err != nil:
			refuse(w, http.StatusServiceUnavailable, "")
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
		}
	})
}

// token takes the token of the Authorization header, and only if there is none of those the cookie: a script that meant to act for one
// user must not act for another because its token had ended. Two of either are somebody's trick.
func (v *Verifier) token(r *http.Request) (string, bool) {
	if values := r.Header.Values("Authorization"); len(values) > 0 {
		scheme, token, found := strings.Cut(values[0], " ")
		token = strings.TrimLeft(token, " ")
		return token, len(values) == 1 && found && token != "" && strings.EqualFold(scheme, "Bearer")
	}
	// No name, no cookies.
	cookies := r.CookiesNamed(v.cookie)
	if len(cookies) != 1 {
		return "", false
	}
	return cookies[0].Value, true
}

func refuse(w http.ResponseWriter, status int, challenge string) {
	if challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}
