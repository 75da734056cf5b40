package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/tracing"
	"github.com/googlelogin/operator/server/users"
)

// renewalTimeout bounds a renewal, which is shared by several requests and so does not end with any one of them.
const renewalTimeout = 10 * time.Second

// Current is the session of a request.
type Current struct {
	Claims Claims
	// Session is the store's record; zero unless it was read.
	Session identity.Session
	// AccessToken is the JWT that Claims are from.
	AccessToken string
	// Renewed says that AccessToken is new, and was set as a cookie.
	Renewed bool
}

// Check returns the claims of the request's access JWT, if it is valid and its session was not revoked here. It does not renew,
// and asks the store only at the first call, for what was revoked before this process began. Errors: ErrNoSession, ErrExpired,
// ErrStoreUnavailable.
func (m *Manager) Check(r *http.Request) (Claims, error) {
	current, err := m.check(r)
	return current.Claims, err
}

func (m *Manager) check(r *http.Request) (Current, error) {
	token, err := m.token(r)
	if err != nil {
		return Current{}, err
	}
	return m.checkToken(r.Context(), token)
}

// token is the access JWT in the request's cookies.
func (m *Manager) token(r *http.Request) (string, error) {
	token, err := read(r, m.cookies.token)
	if err != nil {
		return "", fmt.Errorf("%w: access token: %w", ErrNoSession, err)
	}
	return token, nil
}

func (m *Manager) checkToken(ctx context.Context, token string) (Current, error) {
	claims, err := m.valid(ctx, token)
	if err != nil {
		return Current{}, err
	}
	return Current{Claims: *claims, AccessToken: token}, nil
}

// valid returns what a JWT says whose session was not revoked. The caller must not change it.
func (m *Manager) valid(ctx context.Context, token string) (*Claims, error) {
	claims, err := m.verify(token)
	if err != nil {
		return nil, err
	}
	if err := m.revoked.load(ctx, m.store, m.now()); err != nil {
		return nil, err
	}
	if m.revoked.has(claims.SessionID) {
		return nil, fmt.Errorf("%w: revoked", ErrNoSession)
	}
	return claims, nil
}

// Resume returns the session of the request, renewed if its access JWT is dead and its handle alive. Then, and only then, it sets
// one cookie: the new JWT. It never clears one. Errors: ErrNoSession, ErrExpired, ErrStoreUnavailable, or what the policy said; a
// blocked or deleted user is an ErrNoSession that is also users.ErrBlocked or users.ErrNotFound.
func (m *Manager) Resume(ctx context.Context, w http.ResponseWriter, r *http.Request) (Current, error) {
	current, err := m.check(r)
	if errors.Is(err, errAmbiguous) || (err == nil && !m.due(current.Claims)) {
		return current, err
	}
	renewed, renewErr := m.renewShared(ctx, r)
	switch {
	case renewErr == nil:
		m.cookies.set(w, m.cookies.token, renewed.AccessToken, renewed.Claims.ExpiresAt.Sub(m.now()))
		return renewed, nil
	case errors.Is(renewErr, http.ErrNoCookie):
		// Without a handle, what the JWT said stands.
		return current, err
	case err == nil && (errors.Is(renewErr, ErrStoreUnavailable) || errors.Is(renewErr, errNotSigned)):
		// This renewal was early, and the JWT is valid still.
		m.log.WarnContext(ctx, "session not renewed early", "err", renewErr)
		return current, nil
	default:
		return Current{}, renewErr
	}
}

// RenewNow gives the session of the request a new access JWT, however fresh the one it has, if its handle is alive. The limits and the
// policy are asked as by Resume, with the same errors, and one cookie is set or none. A JWT without a handle cannot be renewed.
func (m *Manager) RenewNow(ctx context.Context, w http.ResponseWriter, r *http.Request) (Current, error) {
	if _, err := read(r, m.cookies.token); errors.Is(err, errAmbiguous) {
		return Current{}, fmt.Errorf("%w: access token: %w", ErrNoSession, err)
	}
	renewed, err := m.renewShared(ctx, r)
	if err != nil {
		return Current{}, err
	}
	m.cookies.set(w, m.cookies.token, renewed.AccessToken, renewed.Claims.ExpiresAt.Sub(m.now()))
	return renewed, nil
}

// due says whether a valid JWT is renewed already, see the package comment.
func (m *Manager) due(c Claims) bool { return m.dueAt(&c, m.now()) }

func (m *Manager) dueAt(c *Claims, now time.Time) bool {
	return now.Sub(c.IssuedAt.Time) >= m.config.IdleTimeout.Std()/2
}

// renewShared lets requests that come at once with one handle share one renewal. The key is the hash of the whole handle, so that
// no two users ever share.
func (m *Manager) renewShared(ctx context.Context, r *http.Request) (Current, error) {
	handle, err := read(r, m.cookies.handle)
	if err != nil {
		return Current{}, fmt.Errorf("%w: handle: %w", ErrNoSession, err)
	}
	hash, ok := hashHandle(handle)
	if !ok {
		return Current{}, fmt.Errorf("%w: malformed handle", ErrNoSession)
	}
	shared, err, _ := m.renewals.Do(string(hash[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewalTimeout)
		defer cancel()
		current, err := m.renew(ctx, hash)
		m.metrics.Renewed(ctx, RenewalOutcome(err))
		return current, err
	})
	if err != nil {
		return Current{}, fmt.Errorf("renew session: %w", err)
	}
	current := shared.(Current)
	// The renewal may be older than this request, and a logout have come between: after the store was written to, before it said so.
	if m.revoked.has(current.Claims.SessionID) {
		return Current{}, fmt.Errorf("renew session: %w: revoked", ErrNoSession)
	}
	return current, nil
}

func (m *Manager) renew(ctx context.Context, hash [32]byte) (Current, error) {
	now := m.now()
	s, err := m.live(ctx, hash, now)
	if err != nil {
		return Current{}, err
	}
	current, _, err := m.renewRecord(ctx, s, now)
	return current, err
}

// renewRecord renews a session that is alive, if its user may still be here.
func (m *Manager) renewRecord(ctx context.Context, s identity.Session, now time.Time) (Current, identity.User, error) {
	u, err := m.admitted(ctx, s)
	if err != nil {
		return Current{}, identity.User{}, err
	}
	// Before the signature: if the keys change meanwhile, the token is remembered for the old ones.
	_, keys := m.keyring.JWKS()
	token, claims, err := m.issue(u, s, now)
	if err != nil {
		return Current{}, identity.User{}, err
	}
	// Last, and refused for a session that was revoked meanwhile.
	if err := m.store.TouchSession(ctx, s.ID, now); err != nil {
		return Current{}, identity.User{}, storeError(err)
	}
	s.LastUsedAt = now
	// Whoever renews is here, and comes back with it.
	m.verified.add(sha256.Sum256([]byte(token)), keys, &claims, now)
	return Current{Claims: claims, Session: s, AccessToken: token, Renewed: true}, u, nil
}

// admitted is the user of a live session. One who may be here no longer is a *TurnedAway.
func (m *Manager) admitted(ctx context.Context, s identity.Session) (identity.User, error) {
	u, err := m.user(ctx, s.UserID)
	if err == nil {
		err = tracing.Do(ctx, "access policy", func(context.Context) error { return m.policy.Admit(u.Identity()) })
	}
	if err != nil && !errors.Is(err, ErrStoreUnavailable) {
		err = &TurnedAway{UserID: s.UserID, SID: s.ID, Err: err}
	}
	return u, err
}

// live returns the session with this handle, if it is neither revoked nor over.
func (m *Manager) live(ctx context.Context, hash [32]byte, now time.Time) (identity.Session, error) {
	s, err := m.store.SessionByHandle(ctx, hash)
	if err != nil {
		return identity.Session{}, storeError(err)
	}
	if err := m.alive(s, now); err != nil {
		return identity.Session{}, err
	}
	return s, nil
}

// alive says why a session is over.
func (m *Manager) alive(s identity.Session, now time.Time) error {
	switch {
	case !s.RevokedAt.IsZero():
		return fmt.Errorf("%w: revoked", ErrNoSession)
	case !now.Before(m.end(s)):
		return fmt.Errorf("%w: lifetime", ErrExpired)
	case !now.Before(s.LastUsedAt.Add(m.config.IdleTimeout.Std())):
		return fmt.Errorf("%w: idle", ErrExpired)
	}
	return nil
}

func (m *Manager) user(ctx context.Context, id string) (identity.User, error) {
	u, err := m.users.Get(ctx, id)
	if errors.Is(err, users.ErrNotFound) || errors.Is(err, users.ErrBlocked) {
		return identity.User{}, fmt.Errorf("%w: %w", ErrNoSession, err)
	}
	if err != nil {
		return identity.User{}, storeError(err)
	}
	return u, nil
}
