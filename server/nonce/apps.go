package nonce

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// AppLifetime is how long an app's user may take at Google; as long as Google's codes live.
	AppLifetime = 10 * time.Minute
	// maxAppNonce is more than a sealed nonce has, whichever key sealed it.
	maxAppNonce = 512

	appPurpose = "googlelogin app nonce v1"
)

var (
	// ErrUnknown says that a nonce is none of ours.
	ErrUnknown = errors.New("nonce is not one of ours")
	// ErrExpired says that it is, and too old.
	ErrExpired = errors.New("nonce expired")
)

// Apps gives out nonces that need no cookie.
type Apps struct{ options Options }

// NewApps gives out nonces of one GoogleLogin.
func NewApps(o Options) *Apps { return &Apps{o} }

// App is what is sealed into a nonce.
type App struct {
	ExpiresAt time.Time
	// CodeChallenge is the SHA-256 of a secret that the nonce's owner keeps until the nonce comes back (PKCE's S256, RFC 7636);
	// zero for none. With it, an ID token alone is worth nothing to whoever steals it.
	CodeChallenge [sha256.Size]byte
}

// Bound tells whether the nonce is good only together with a code verifier.
func (a App) Bound() bool { return a.CodeChallenge != [sha256.Size]byte{} }

// Proves tells whether verifier is the secret that the nonce was bound to. An unbound nonce has none.
func (a App) Proves(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return a.Bound() && subtle.ConstantTimeCompare(sum[:], a.CodeChallenge[:]) == 1
}

// ParseChallenge reads a code challenge of method S256.
func ParseChallenge(raw string) ([sha256.Size]byte, error) {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(raw)
	if err != nil || len(sum) != sha256.Size || strings.ContainsAny(raw, "\r\n") {
		return [sha256.Size]byte{}, errors.New("not the SHA-256 of a code verifier in base64url")
	}
	return [sha256.Size]byte(sum), nil
}

const (
	// randomBytes are in every nonce: the seal promises to hide and to protect, not that no two boxes are the same.
	randomBytes = 16
	plainBytes  = 8 + sha256.Size + randomBytes
)

// Issue makes a nonce that is bound to a code challenge, or to nothing if that is zero.
func (a *Apps) Issue(codeChallenge [sha256.Size]byte) (string, App, error) {
	app := App{ExpiresAt: a.options.Now().UTC().Truncate(time.Second).Add(AppLifetime), CodeChallenge: codeChallenge}
	// #nosec G115 -- no clock is before 1970
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, plainBytes), uint64(app.ExpiresAt.Unix()))
	plain = append(plain, codeChallenge[:]...)
	plain = plain[:plainBytes]
	if _, err := io.ReadFull(a.options.Rand, plain[plainBytes-randomBytes:]); err != nil {
		return "", App{}, fmt.Errorf("read randomness: %w", err)
	}
	box, err := a.options.AEAD.Encrypt(plain, a.associatedData())
	if err != nil {
		return "", App{}, fmt.Errorf("seal nonce: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(box), app, nil
}

// Open returns what was sealed into a nonce. Errors: ErrUnknown, or ErrExpired with the App.
func (a *Apps) Open(nonce string) (App, error) {
	if len(nonce) > maxAppNonce || strings.ContainsAny(nonce, "\r\n") {
		return App{}, ErrUnknown
	}
	// Strict: without it one nonce would have several spellings, each of them unused.
	box, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil {
		return App{}, ErrUnknown
	}
	plain, err := a.options.AEAD.Decrypt(box, a.associatedData())
	if err != nil || len(plain) != plainBytes {
		return App{}, ErrUnknown
	}
	app := App{
		// #nosec G115 -- sealed by Issue
		ExpiresAt:     time.Unix(int64(binary.BigEndian.Uint64(plain)), 0).UTC(),
		CodeChallenge: [sha256.Size]byte(plain[8 : 8+sha256.Size]),
	}
	if !a.options.Now().Before(app.ExpiresAt) {
		return app, ErrExpired
	}
	return app, nil
}

func (a *Apps) associatedData() []byte {
	return []byte(strings.Join([]string{appPurpose, a.options.Instance}, "\x00"))
}
