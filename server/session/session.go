package session

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/identity"
)

var (
	// ErrNoSession says that the request bears no session that can be used: no cookie, a forged or ambiguous one, a revoked
	// session, or one whose user is gone or blocked.
	ErrNoSession = errors.New("no session")
	// ErrExpired says that there was a session, or an access JWT, and that its time is over.
	ErrExpired = errors.New("session expired")
	// ErrAudience says that an access JWT, genuine and in time, is not for this service. It is an ErrNoSession, too.
	ErrAudience = errors.New("access token for another audience")
	// ErrUserGone says that no session can be created, because its user was blocked or deleted meanwhile.
	ErrUserGone = errors.New("user is blocked or gone")
	// ErrStoreUnavailable says that the store did not answer. The session may well be alive.
	ErrStoreUnavailable = errors.New("session store unavailable")

	// errAmbiguous says that two cookies bear one name of ours. It is an ErrNoSession.
	errAmbiguous = errors.New("several cookies of one name")
	// errNotSigned says that no JWT could be made.
	errNotSigned = errors.New("access token not signed")
)

// TurnedAway says whose live session it is that its user may go on with no longer, for the record. Err is why.
type TurnedAway struct {
	UserID, SID string
	Err         error
}

// Error implements error.
func (e *TurnedAway) Error() string { return e.Err.Error() }

func (e *TurnedAway) Unwrap() error { return e.Err }

// Keyring signs and verifies JWTs.
type Keyring interface {
	Sign(typ string, claims jwt.Claims) (string, error)
	Verify(token, typ string, claims jwt.Claims, opts ...jwt.ParserOption) error
	// JWKS changes its entity tag whenever a key that Verify accepts comes or goes.
	JWKS() (body []byte, etag string)
}

// Users finds the user of a session. A blocked user is an error.
type Users interface {
	Get(ctx context.Context, id string) (identity.User, error)
}

// Policy says whether a user may still be signed in.
type Policy interface {
	Admit(id identity.Identity) error
}

// Store keeps sessions. A session that is not there is ErrNoSession.
type Store interface {
	// CreateSession keeps a new session. ErrUserGone if the user is blocked or not there: a login that races a block must not leave
	// a session behind. Its user's last login is not before it.
	CreateSession(ctx context.Context, s identity.Session) error
	// SessionByHandle returns the session with this handle, expired or revoked ones included.
	SessionByHandle(ctx context.Context, handleHash [32]byte) (identity.Session, error)
	// TouchSession moves LastUsedAt forward, never back. A revoked session is ErrNoSession, so that a renewal under way cannot
	// outrun a logout.
	TouchSession(ctx context.Context, id string, usedAt time.Time) error
	// RevokeSession ends a session. One that is unknown or ended already is no error.
	RevokeSession(ctx context.Context, id string, at time.Time) error
	// RevokeUserSessions ends every live session of a user and returns their IDs.
	RevokeUserSessions(ctx context.Context, userID string, at time.Time) ([]string, error)
	// RevokeUserSession ends the session only if it is this user's, and says whether it did: one that is unknown, over or
	// another user's is not told apart.
	RevokeUserSession(ctx context.Context, userID, id string, at time.Time) (bool, error)
	// UserSessions returns the user's sessions that live at this time and were used after usedAfter, the newest login first, at
	// most limit of them.
	UserSessions(ctx context.Context, userID string, at, usedAfter time.Time, limit int) ([]identity.Session, error)
	// RevokedSince returns the IDs of the sessions that were revoked at or after since, and when.
	RevokedSince(ctx context.Context, since time.Time) (map[string]time.Time, error)
}

// Options of a Manager.
type Options struct {
	Config config.Session
	// Issuer is the iss claim.
	Issuer  string
	Keyring Keyring
	Store   Store
	Users   Users
	Policy  Policy
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Rand is the source of handles and IDs; crypto/rand if nil.
	Rand io.Reader
	// Log may be nil.
	Log *slog.Logger
	// Metrics may be nil.
	Metrics Metrics
}

// Manager starts, checks, renews and ends sessions. It is safe for use by several goroutines.
type Manager struct {
	config  config.Session
	issuer  string
	keyring Keyring
	store   Store
	users   Users
	policy  Policy
	now     func() time.Time
	rand    io.Reader
	log     *slog.Logger
	metrics Metrics

	cookies cookies
	revoked *revocations
	// verified is by JWT, byHeader by the Cookie header that one came in.
	verified remembered
	byHeader remembered
	renewals singleflight.Group
}

// New returns a Manager. It does not touch the store.
func New(o Options) *Manager {
	m := &Manager{
		config: o.Config, issuer: o.Issuer, keyring: o.Keyring, store: o.Store, users: o.Users, policy: o.Policy,
		now: o.Now, rand: o.Rand, log: o.Log, metrics: o.Metrics,
		cookies: newCookies(o.Config.Cookie),
		revoked: newRevocations(o.Config.AccessTokenTTL.Std()),
	}
	if m.now == nil {
		m.now = time.Now
	}
	if m.rand == nil {
		m.rand = rand.Reader
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.metrics == nil {
		m.metrics = uncounted{}
	}
	return m
}

// Succeed returns a Manager for a configuration or a policy that changed. It knows of the same revoked sessions, but trusts no token
// for having been verified before: each is held against the new issuer, audiences and policy once.
func (m *Manager) Succeed(o Options) *Manager {
	next := New(o)
	next.revoked = m.revoked
	next.revoked.keepFor(o.Config.AccessTokenTTL.Std())
	return next
}

// Forget drops what is remembered of JWTs that are dead. It is to be called now and then, or a server keeps until its next load what
// the last one left. It returns how much that was.
func (m *Manager) Forget() int {
	now := m.now()
	return m.verified.forget(now) + m.byHeader.forget(now)
}

// end is when a session ends, used or not. A lifetime that was shortened since the login binds it too.
func (m *Manager) end(s identity.Session) time.Time {
	if end := s.CreatedAt.Add(m.config.Lifetime.Std()); end.Before(s.ExpiresAt) {
		return end
	}
	return s.ExpiresAt
}
