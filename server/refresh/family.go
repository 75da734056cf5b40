package refresh

import (
	"crypto/sha256"
	"time"

	"github.com/googlelogin/operator/server/identity"
)

// Grace is how long the token before the current one still gets the same successor.
const Grace = 30 * time.Second

// maxNumber bounds how far a chain goes, and with it how far anybody can make a server walk it: a use every ten minutes for half a
// year, in about ten milliseconds.
const maxNumber = 1 << 15

// Family is a chain of tokens as the store keeps it.
type Family struct {
	// Session is the one that the family belongs to, ended or not.
	Session identity.Session
	// ClientID is the Google client that signed in, and the only one that may refresh.
	ClientID string
	Salt     [sha256.Size]byte
	// Number and Hash are of the current token, RotatedAt is when it took its place.
	Number    uint32
	Hash      [sha256.Size]byte
	RotatedAt time.Time
}

// finding is what a token is to its family.
type finding int

const (
	// unknown is a token that the family never gave out, for all that anybody can tell.
	unknown finding = iota
	// current is the one whose turn it is.
	current
	// repeated is the one before it, within the grace.
	repeated
	// reused is one that had its turn.
	reused
)

// judge says what t is to f, and, where there is one to give, its successor.
func (f Family) judge(t Token, now time.Time) (finding, Token) {
	if t.SessionID != f.Session.ID || t.Number > f.Number || f.Number > maxNumber {
		return unknown, Token{}
	}
	last, before := t, t
	for last.Number < f.Number {
		before, last = last, last.next(f.Salt)
	}
	switch {
	case !last.is(f.Hash):
		return unknown, Token{}
	case t.Number == f.Number:
		return current, t.next(f.Salt)
	case before.Number == t.Number && now.Before(f.RotatedAt.Add(Grace)):
		return repeated, last
	default:
		return reused, Token{}
	}
}
