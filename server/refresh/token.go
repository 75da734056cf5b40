package refresh

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"strings"
)

// prefix lets scanners of logs and repositories know a token for what it is.
const prefix = "glrt_"

const (
	// idBytes is the size of a session's ID, secretBytes that of what only the holder knows.
	idBytes     = 16
	secretBytes = 32
	rawBytes    = idBytes + 4 + secretBytes
)

// Token is a refresh token, taken apart. It proves nothing until a family says so.
type Token struct {
	// SessionID names the family.
	SessionID string
	// Number counts from 1, the token of the sign-in.
	Number uint32
	secret [secretBytes]byte
}

// Parse takes a token apart, and says whether it has the form of one. Each token has one spelling.
func Parse(text string) (Token, bool) {
	encoded, found := strings.CutPrefix(text, prefix)
	// A line break is the one thing that the decoder passes over.
	if !found || len(encoded) != base64.RawURLEncoding.EncodedLen(rawBytes) || strings.ContainsAny(encoded, "\r\n") {
		return Token{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Token{}, false
	}
	t := Token{
		SessionID: base64.RawURLEncoding.EncodeToString(raw[:idBytes]),
		Number:    binary.BigEndian.Uint32(raw[idBytes:]),
		secret:    [secretBytes]byte(raw[idBytes+4:]),
	}
	return t, t.Number > 0
}

// Text is what the client gets. It is a method of its own, so that printing a Token shows nothing.
func (t Token) Text() (string, bool) {
	id, err := base64.RawURLEncoding.Strict().DecodeString(t.SessionID)
	if err != nil || len(id) != idBytes {
		return "", false
	}
	raw := append(make([]byte, 0, rawBytes), id...)
	raw = binary.BigEndian.AppendUint32(raw, t.Number)
	raw = append(raw, t.secret[:]...)
	return prefix + base64.RawURLEncoding.EncodeToString(raw), true
}

// String implements fmt.Stringer and shows nothing that opens something.
func (t Token) String() string { return "refresh token" }

// GoString implements fmt.GoStringer.
func (t Token) GoString() string { return "refresh.Token{}" }

// LogValue implements slog.LogValuer.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// hash is what the store knows the token by.
func (t Token) hash() [sha256.Size]byte { return sha256.Sum256(t.secret[:]) }

func (t Token) is(hash [sha256.Size]byte) bool {
	own := t.hash()
	return subtle.ConstantTimeCompare(own[:], hash[:]) == 1
}

// next is the token's one successor.
func (t Token) next(salt [sha256.Size]byte) Token {
	mac := hmac.New(sha256.New, t.secret[:])
	mac.Write(salt[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, t.Number+1))
	return Token{SessionID: t.SessionID, Number: t.Number + 1, secret: [secretBytes]byte(mac.Sum(nil))}
}
