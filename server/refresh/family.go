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
	// repeated is, within the grace, the one before it, or the current one itself: it took its place only just now.
	repeated
	// reused is one that had its turn.
	reused
)

// judge says what t is to f, and, where there is one to give, its successor.
func (f Family) judge(t Token, now time.Time) (finding, Token) {
	if t.SessionID != f.Session.ID || t.Number > f.Number || f.Number > maxNumber {
		return unknown, Token{}
	}
	last := t
	for last.Number < f.Number {
		last = last.next(f.Salt)
	}
	// A chain moves once within the grace. If it moved twice, the first of the two tokens would lose its grace, and a request with it
	// that is still under way would end the session of somebody who did nothing but open two pages.
	settling := f.Number > 1 && now.Before(f.RotatedAt.Add(Grace))
	switch {
	case !last.is(f.Hash):
		return unknown, Token{}
	case settling && t.Number+1 >= f.Number:
		return repeated, last
	case t.Number == f.Number:
		return current, t.next(f.Salt)
	default:
		return reused, Token{}
	}
}
