package flow

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Lifetime is how long a user may take at Google. Google's authorization codes live as long.
const Lifetime = 10 * time.Minute

// secretBytes is the size of state, nonce and verifier: 256 bits, which as base64url are the 43 characters that RFC 7636 asks of
// a verifier at least.
const secretBytes = 32

// Flow is one attempt to sign in.
type Flow struct {
	// ID names the flow's cookie. It is derived from State and says nothing about it.
	ID string `json:"-"`
	// State, Nonce and CodeVerifier are secrets of 256 bits each, base64url.
	State        string `json:"s"`
	Nonce        string `json:"n"`
	CodeVerifier string `json:"v"`
	// ReturnTo is where the user wanted to go; empty for the front end's home. It was allowed when the flow began, and has to be
	// checked again when it ends.
	ReturnTo string `json:"r,omitempty"`
	// RedirectURI is the one that Google was given.
	RedirectURI string `json:"u"`
	// Scopes are the ones that this login asked for, where it did not ask for all that are configured.
	Scopes []string `json:"c,omitempty"`
	// CreatedAt and ExpiresAt are in whole seconds.
	CreatedAt time.Time `json:"-"`
	ExpiresAt time.Time `json:"-"`
}

// Request is what a caller decides about a new flow, all of it checked.
type Request struct {
	ReturnTo    string
	RedirectURI string
	Scopes      []string
}

// New makes a flow that begins now. Its secrets are read from rand, which has to be crypto/rand's outside tests.
func New(req Request, now time.Time, rand io.Reader) (Flow, error) {
	secrets := make([]byte, 3*secretBytes)
	if _, err := io.ReadFull(rand, secrets); err != nil {
		return Flow{}, fmt.Errorf("read randomness: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	created := now.UTC().Truncate(time.Second)
	f := Flow{
		State:        encode(secrets[:secretBytes]),
		Nonce:        encode(secrets[secretBytes : 2*secretBytes]),
		CodeVerifier: encode(secrets[2*secretBytes:]),
		ReturnTo:     req.ReturnTo,
		RedirectURI:  req.RedirectURI,
		Scopes:       req.Scopes,
		CreatedAt:    created,
		ExpiresAt:    created.Add(Lifetime),
	}
	f.ID = idOf(f.State)
	return f, nil
}

// Expired tells whether the flow is over at now.
func (f Flow) Expired(now time.Time) bool { return !now.Before(f.ExpiresAt) }

// String keeps the secrets out of whatever prints a flow.
func (f Flow) String() string { return "flow " + f.ID }

// GoString is String, for %#v.
func (f Flow) GoString() string { return f.String() }

// LogValue is String, for slog.
func (f Flow) LogValue() slog.Value { return slog.StringValue(f.String()) }

// idOf derives the part of a cookie's name that belongs to a state. 128 bits of the hash are plenty: the state in the sealed
// value is what gets compared.
func idOf(state string) string {
	sum := sha256.Sum256([]byte(state))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// hasState compares in constant time, so that the time of an answer tells nothing about the right state.
func (f Flow) hasState(state string) bool {
	return subtle.ConstantTimeCompare([]byte(f.State), []byte(state)) == 1
}

// sealed is the form of a flow inside the seal; one-letter names keep eight of them small enough for a Cookie header.
type sealed struct {
	Flow
	Created int64 `json:"t"`
	Expires int64 `json:"e"`
}

func (f Flow) encode() ([]byte, error) {
	return json.Marshal(sealed{Flow: f, Created: f.CreatedAt.Unix(), Expires: f.ExpiresAt.Unix()})
}

func decode(plain []byte) (Flow, error) {
	var s sealed
	if err := json.Unmarshal(plain, &s); err != nil {
		return Flow{}, errors.New("read flow: not the JSON that this server seals")
	}
	f := s.Flow
	if f.State == "" || f.Nonce == "" || f.CodeVerifier == "" || f.RedirectURI == "" {
		return Flow{}, errors.New("read flow: incomplete")
	}
	f.ID = idOf(f.State)
	f.CreatedAt = time.Unix(s.Created, 0).UTC()
	f.ExpiresAt = time.Unix(s.Expires, 0).UTC()
	return f, nil
}
