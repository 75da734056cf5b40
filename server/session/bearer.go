package session

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/googlelogin/operator/server/identity"
)

// maxBearer is more than any access JWT of ours has.
const maxBearer = 8 << 10

// Issue signs in a client that keeps its token by itself, an app or a script: a new session, and no cookie. Nobody holds a handle to
// it. Without refresh tokens nothing renews it, and it ends with its token; with them it is lasting, and Renew keeps it up within the
// limits of every session. Like Start it asks no access policy.
func (m *Manager) Issue(ctx context.Context, r *http.Request, u identity.User, missingScopes []string, lasting bool) (Current, error) {
	now := m.now()
	s, _, err := m.newSession(u, r, missingScopes, now)
	if err != nil {
		return Current{}, fmt.Errorf("issue token: %w", err)
	}
	if !lasting {
		s.ExpiresAt = now.Add(m.config.AccessTokenTTL.Std())
	}
	token, claims, err := m.issue(u, s, now)
	if err != nil {
		return Current{}, fmt.Errorf("issue token: %w", err)
	}
	if err := m.store.CreateSession(ctx, s); err != nil {
		return Current{}, fmt.Errorf("issue token: %w", storeError(err))
	}
	return Current{Claims: claims, Session: s, AccessToken: token}, nil
}

// Renew gives the holder of a session's refresh token the next access token, by the rules of Resume: the limits, the user and the access
// policy are asked again. It takes the store's record, and the caller's word that it was proven. Errors: those of Resume.
func (m *Manager) Renew(ctx context.Context, s identity.Session) (Current, identity.User, error) {
	now := m.now()
	if err := m.alive(s, now); err != nil {
		return Current{}, identity.User{}, fmt.Errorf("renew session: %w", err)
	}
	current, user, err := m.renewRecord(ctx, s, now)
	if err != nil {
		return Current{}, identity.User{}, fmt.Errorf("renew session: %w", err)
	}
	return current, user, nil
}

// EndSession ends one session, whoever's it is.
func (m *Manager) EndSession(ctx context.Context, id string) error {
	if err := m.revoke(ctx, id, m.now()); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// HasBearer says whether the request brings a token, or something in its place. Then that is what the request is made with, and
// its cookies are not looked at: a script that meant to act for one user must not act for another because its token had ended.
func HasBearer(r *http.Request) bool { return len(r.Header.Values("Authorization")) > 0 }

// Bearer returns the session of the access JWT in the Authorization header (RFC 6750, 2.1), by the rules of Check. It reads no
// cookie. Errors: ErrNoSession, ErrExpired, ErrStoreUnavailable.
func (m *Manager) Bearer(r *http.Request) (Current, error) {
	token, ok := BearerToken(r)
	if !ok {
		return Current{}, fmt.Errorf("%w: no bearer token in the Authorization header", ErrNoSession)
	}
	return m.checkToken(r.Context(), token)
}

// EndBearer signs the bearer of the request's token out: its session, or all of the user's with everywhere, is revoked in the
// store. It sets no cookie.
func (m *Manager) EndBearer(ctx context.Context, r *http.Request, everywhere bool) error {
	current, err := m.Bearer(r)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if err := m.revoke(ctx, current.Claims.SessionID, m.now()); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if !everywhere {
		return nil
	}
	_, err = m.EndUser(ctx, current.Claims.Subject)
	return err
}

// BearerToken takes the token out of the one Authorization header. It does not look at the token.
func BearerToken(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) > maxBearer {
		return "", false
	}
	scheme, token, found := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	return token, found && token != "" && strings.EqualFold(scheme, "Bearer")
}
