package refresh

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/session"
)

var (
	// ErrInvalid says that a token opens nothing: not ours, not this client's, of a session that is over.
	ErrInvalid = errors.New("refresh token is not valid")
	// ErrReused says that a token had its turn already. Its family has to end.
	ErrReused = errors.New("refresh token was used before")
)

// Store keeps families.
type Store interface {
	// CreateFamily keeps the family of a session that is there already.
	CreateFamily(ctx context.Context, f Family) error
	// Family returns the family of a session, and session.ErrNoSession if there is none.
	Family(ctx context.Context, sessionID string) (Family, error)
	// RotateFamily makes to.Number and to.Hash the current token if the one before them still is, and its session has not been ended;
	// else it changes nothing and says so.
	RotateFamily(ctx context.Context, to Family) (rotated bool, err error)
}

// Tokens gives out refresh tokens and takes them back. It is safe for use by several goroutines and several servers.
type Tokens struct {
	store Store
	now   func() time.Time
	rand  io.Reader
}

// New makes Tokens.
func New(store Store, now func() time.Time, rand io.Reader) *Tokens { return &Tokens{store, now, rand} }

// Begin gives out the first token of a session that the store has already.
func (t *Tokens) Begin(ctx context.Context, s identity.Session, clientID string) (string, error) {
	var random [sha256.Size + secretBytes]byte
	if _, err := io.ReadFull(t.rand, random[:]); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	first := Token{SessionID: s.ID, Number: 1, secret: [secretBytes]byte(random[sha256.Size:])}
	text, ok := first.Text()
	if !ok {
		return "", errors.New("begin refresh tokens: the session has no ID")
	}
	family := Family{
		Session: s, ClientID: clientID, Salt: [sha256.Size]byte(random[:sha256.Size]),
		Number: first.Number, Hash: first.hash(), RotatedAt: t.now(),
	}
	if err := t.store.CreateFamily(ctx, family); err != nil {
		return "", fmt.Errorf("begin refresh tokens: %w", err)
	}
	return text, nil
}

// Use is a token that may be used: it waits for Rotate.
type Use struct {
	// Session is as the store has it; whether it is over, its owner has to see.
	Session identity.Session
	token   Token
	family  Family
}

// Check says whether a client may use a token now. It changes nothing. Errors: ErrInvalid; ErrReused, with the session that has to
// end; or the store's.
func (t *Tokens) Check(ctx context.Context, text, clientID string) (Use, error) {
	token, ok := Parse(text)
	if !ok {
		return Use{}, fmt.Errorf("%w: malformed", ErrInvalid)
	}
	family, err := t.store.Family(ctx, token.SessionID)
	if errors.Is(err, session.ErrNoSession) {
		return Use{}, fmt.Errorf("%w: no such family", ErrInvalid)
	}
	if err != nil {
		return Use{}, fmt.Errorf("read refresh token: %w", err)
	}
	found, _ := family.judge(token, t.now())
	use := Use{Session: family.Session, token: token, family: family}
	switch {
	case found == unknown:
		return Use{}, fmt.Errorf("%w: not one of its family", ErrInvalid)
	// Only now: who has no genuine token learns of no client. A token in the hands of another client is one that got away.
	case subtle.ConstantTimeCompare([]byte(family.ClientID), []byte(clientID)) != 1:
		return Use{}, fmt.Errorf("%w: given to another client", ErrInvalid)
	case !family.Session.RevokedAt.IsZero():
		return Use{}, fmt.Errorf("%w: its session was ended", ErrInvalid)
	case found == reused:
		return use, ErrReused
	}
	return use, nil
}

// Rotate uses the token up and returns its successor: the same one for every request that comes with this token at once, here or at
// another server. A token that is younger than the grace is not used up yet, and returned itself. If it fails, the token is as good as before.
func (t *Tokens) Rotate(ctx context.Context, u Use) (string, error) {
	found, next := u.family.judge(u.token, t.now())
	if found == current {
		to := u.family
		to.Number, to.Hash, to.RotatedAt = next.Number, next.hash(), t.now()
		rotated, err := t.store.RotateFamily(ctx, to)
		if err != nil {
			return "", fmt.Errorf("rotate refresh token: %w", err)
		}
		if !rotated {
			return t.overtaken(ctx, u, next)
		}
	}
	if found != current && found != repeated {
		return "", ErrInvalid
	}
	text, _ := next.Text()
	return text, nil
}

// overtaken looks again after another request was quicker: with the same token it had the same successor, and a logout leaves none.
func (t *Tokens) overtaken(ctx context.Context, u Use, next Token) (string, error) {
	family, err := t.store.Family(ctx, u.token.SessionID)
	if err != nil {
		return "", fmt.Errorf("rotate refresh token: %w", err)
	}
	if !family.Session.RevokedAt.IsZero() || family.Number != next.Number || !next.is(family.Hash) {
		return "", fmt.Errorf("%w: overtaken", ErrInvalid)
	}
	text, _ := next.Text()
	return text, nil
}
