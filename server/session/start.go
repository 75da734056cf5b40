package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/googlelogin/operator/server/identity"
)

// maxUserAgent is how much of a User-Agent is kept.
const maxUserAgent = 200

// Start signs the user in: a new session, both cookies. A session whose handle came with the request ends, so that a handle which
// was in the browser before the login opens nothing after it. It asks no access policy: that is the caller's, before.
func (m *Manager) Start(
	ctx context.Context, w http.ResponseWriter, r *http.Request, u identity.User, missingScopes []string,
) (identity.Session, error) {
	now := m.now()
	s, handle, err := m.newSession(u, r, missingScopes, now)
	if err != nil {
		return identity.Session{}, fmt.Errorf("start session: %w", err)
	}
	// Signed first: without a key nothing is kept.
	token, claims, err := m.issue(u, s, now)
	if err != nil {
		return identity.Session{}, fmt.Errorf("start session: %w", err)
	}
	if err := m.store.CreateSession(ctx, s); err != nil {
		return identity.Session{}, fmt.Errorf("start session: %w", storeError(err))
	}
	if err := m.endPrevious(ctx, r, now); err != nil {
		return identity.Session{}, fmt.Errorf("end previous session: %w", err)
	}
	m.cookies.set(w, m.cookies.token, token, claims.ExpiresAt.Sub(now))
	m.cookies.set(w, m.cookies.handle, handle, s.ExpiresAt.Sub(now))
	return s, nil
}

func (m *Manager) newSession(
	u identity.User, r *http.Request, missingScopes []string, now time.Time,
) (s identity.Session, handle string, err error) {
	id, err := m.randomText(16)
	if err != nil {
		return identity.Session{}, "", err
	}
	handle, err = m.randomText(handleBytes)
	if err != nil {
		return identity.Session{}, "", err
	}
	hash, _ := hashHandle(handle)
	return identity.Session{
		ID: id, HandleHash: hash, UserID: u.ID,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(m.config.Lifetime.Std()),
		UserAgent: cut(r.UserAgent(), maxUserAgent), MissingScopes: missingScopes,
	}, handle, nil
}

// issue signs the next JWT of a session.
func (m *Manager) issue(u identity.User, s identity.Session, now time.Time) (string, Claims, error) {
	c, err := m.claims(u, s, now)
	if err != nil {
		return "", Claims{}, fmt.Errorf("%w: %w", errNotSigned, err)
	}
	token, err := m.keyring.Sign(TokenType, c)
	if err != nil {
		return "", Claims{}, fmt.Errorf("%w: %w", errNotSigned, err)
	}
	return token, c, nil
}

func (m *Manager) endPrevious(ctx context.Context, r *http.Request, now time.Time) error {
	for _, hash := range m.handles(r) {
		previous, err := m.store.SessionByHandle(ctx, hash)
		if errors.Is(err, ErrNoSession) {
			continue
		}
		if err != nil {
			return storeError(err)
		}
		if err := m.revoke(ctx, previous.ID, now); err != nil {
			return err
		}
	}
	return nil
}

// cut shortens s to at most n bytes of valid UTF-8.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// storeError makes every error of the store that is not an answer an ErrStoreUnavailable.
func storeError(err error) error {
	if errors.Is(err, ErrNoSession) || errors.Is(err, ErrUserGone) || errors.Is(err, ErrStoreUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
}
