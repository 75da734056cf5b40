package nonce

import (
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

// Issue makes a nonce: its end and 128 random bits, sealed. The random bits are not left to the seal, which promises to hide and to
// protect, not that no two boxes are the same.
func (a *Apps) Issue() (nonce string, expiresAt time.Time, err error) {
	expiresAt = a.options.Now().UTC().Truncate(time.Second).Add(AppLifetime)
	plain := make([]byte, 8+16)
	// #nosec G115 -- no clock is before 1970
	binary.BigEndian.PutUint64(plain, uint64(expiresAt.Unix()))
	if _, err := io.ReadFull(a.options.Rand, plain[8:]); err != nil {
		return "", time.Time{}, fmt.Errorf("read randomness: %w", err)
	}
	box, err := a.options.AEAD.Encrypt(plain, a.associatedData())
	if err != nil {
		return "", time.Time{}, fmt.Errorf("seal nonce: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(box), expiresAt, nil
}

// Check tells until when a nonce is good. Errors: ErrUnknown, or ErrExpired with the end.
func (a *Apps) Check(nonce string) (time.Time, error) {
	if len(nonce) > maxAppNonce {
		return time.Time{}, ErrUnknown
	}
	// Strict: without it one nonce would have several spellings, each of them unused.
	box, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || strings.ContainsAny(nonce, "\r\n") {
		return time.Time{}, ErrUnknown
	}
	plain, err := a.options.AEAD.Decrypt(box, a.associatedData())
	if err != nil || len(plain) != 8+16 {
		return time.Time{}, ErrUnknown
	}
	// #nosec G115 -- sealed by Issue
	expiresAt := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0).UTC()
	if !a.options.Now().Before(expiresAt) {
		return expiresAt, ErrExpired
	}
	return expiresAt, nil
}

func (a *Apps) associatedData() []byte {
	return []byte(strings.Join([]string{appPurpose, a.options.Instance}, "\x00"))
}
