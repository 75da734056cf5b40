// Package storetest is the suite that every store passes, so that the rest of the server need not know which one it has.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/nonce"
	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/users"
)

// Store is what a store is for the rest of the server.
type Store interface {
	users.Store
	session.Store
	users.DirectoryStore
	nonce.Store
	refresh.Store
	UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error)
	Ping(ctx context.Context) error
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
	DeleteExpiredEnds(ctx context.Context, now time.Time, limit int) (int, error)
	DeleteExpiredNonces(ctx context.Context, now time.Time, limit int) (int, error)
	Close() error
}

// now is when the suite takes place. It has more digits than a store keeps.
var now = time.Date(2026, 3, 14, 15, 9, 26, 535_897_932, time.FixedZone("CET", 3600))

// kept is now as a store gives it back.
var kept = time.Date(2026, 3, 14, 14, 9, 26, 535_897_000, time.UTC)

// Run runs the suite. open returns a new, empty store each time, and closes it when the test ends.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"creates a user":                                     createsUser,
		"keeps what change did to a user":                    updatesUser,
		"keeps nothing when change fails":                    keepsNothing,
		"does not know a user":                               unknownUser,
		"keeps the last login with its session":              keepsLastLogin,
		"E70 refuses an email that another user has":         emailTaken,
		"E70 gives a user another Google account":            relinks,
		"E70 gives nobody another account by mistake":        relinksNobody,
		"E71 moves a user to another email":                  emailMoves,
		"creates one user for parallel first logins":         parallelFirstLogins,
		"loses no parallel change":                           parallelChanges,
		"keeps a session":                                    keepsSession,
		"does not know a session":                            unknownSession,
		"refuses a session of nobody, or one twice":          refusesSession,
		"moves the last use forward only":                    touches,
		"ends one session":                                   revokesOne,
		"does not touch an ended session":                    touchAfterRevoke,
		"G91 ends all sessions of a user and of no other":    revokesAll,
		"ends one session of its own user alone":             revokesOwn,
		"lists a user's live sessions, newest first":         listsSessions,
		"tells which sessions were ended lately":             revokedSince,
		"deletes sessions that are over, in batches":         deletesExpired,
		"remembers an ended session while a JWT may live":    remembersRevoked,
		"J5 takes a nonce once":                              claimsOnce,
		"J5 takes a nonce once of parallel claims":           parallelClaims,
		"forgets expired nonces, in batches":                 forgetsExpiredNonces,
		"claims no nonce for a cancelled request":            claimsNothingCancelled,
		"rotates a refresh family, one number after another": rotatesFamily,
		"rotates no family whose session was ended":          rotatesNoEndedFamily,
		"H98 rotates a family once of parallel requests":     rotatesOnceInParallel,
		"forgets a family with its session":                  forgetsFamilies,
		"changes no family for a cancelled request":          cancelledFamilies,
		"lists the families of a user's sessions":            listsFamilies,
		"takes part in no cancelled request":                 cancelled,
		"ends and touches at once without undoing a logout":  parallelRevoke,
		"lists users page by page":                           listsUsers,
		"finds a user by email":                              findsByEmail,
		"finds a user by issuer and subject":                 findsByIdentity,
		"changes a user and ends their sessions":             changesUser,
		"changes nobody by mistake":                          changesNobody,
		"creates no session of a blocked user":               noSessionOfBlocked,
		"leaves no session to a login that races a block":    parallelBlock,
		"deletes a user with all that hangs on them":         deletesUser,
		"forgets a deleted user's sessions in time":          forgetsEnds,
		"returns every session that is kept":                 keptSessions,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// ann is a user as a login makes her.
func ann() identity.User {
	return identity.User{
		ID: "user-ann", Issuer: "https://accounts.google.com", Subject: "1", Email: "ann@example.com", EmailVerified: true,
		HostedDomain: "example.com", Name: "Ann Ödegård", GivenName: "Ann", FamilyName: "Ödegård",
		Picture: "https://pictures.example.com/ann", CreatedAt: now, LastLoginAt: now,
	}
}

// bob has nothing but what he must have.
func bob() identity.User {
	return identity.User{
		ID: "user-bob", Issuer: "https://accounts.google.com", Subject: "2", Email: "bob@gmail.com", EmailVerified: true,
		CreatedAt: now, LastLoginAt: now,
	}
}

// login is a session of the user; n makes it differ from others.
func login(u identity.User, n byte) identity.Session {
	return identity.Session{
		ID: string([]byte{'s', '-', 'a' + n}), HandleHash: [32]byte{n, 1, 2, 3}, UserID: u.ID,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour),
		UserAgent: "Browser/1.0", MissingScopes: []string{"https://www.googleapis.com/auth/drive", "profile"},
	}
}

func save(t *testing.T, store Store, u identity.User) identity.User {
	t.Helper()
	saved, err := store.SaveUser(t.Context(), u.Issuer, u.Subject, func(identity.User) (identity.User, error) { return u, nil })
	if err != nil {
		t.Fatalf("save user: %v", err)
	}
	return saved
}

func create(t *testing.T, store Store, sessions ...identity.Session) {
	t.Helper()
	for _, s := range sessions {
		if err := store.CreateSession(t.Context(), s); err != nil {
			t.Fatalf("create session: %v", err)
		}
	}
}

func find(t *testing.T, store Store, s identity.Session) identity.Session {
	t.Helper()
	found, err := store.SessionByHandle(t.Context(), s.HandleHash)
	if err != nil {
		t.Fatalf("find session: %v", err)
	}
	return found
}
