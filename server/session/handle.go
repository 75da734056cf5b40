package session

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
)

// handleBytes is the size of a handle: 256 bits, which nobody guesses.
const handleBytes = 32

// maxHandles is how many handle cookies of one request are looked at when sessions are ended.
const maxHandles = 4

// randomText returns n random bytes in base64url.
func (m *Manager) randomText(n int) (string, error) {
	raw := make([]byte, n)
	if _, err := io.ReadFull(m.rand, raw); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// hashHandle returns what the store knows a handle by. A value that is no handle is refused before it costs a query.
func hashHandle(handle string) ([32]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil || len(raw) != handleBytes {
		return [32]byte{}, false
	}
	return sha256.Sum256(raw), true
}

// handles returns the hashes of every handle that came with the request. Ending sessions takes them all: a handle proves
// possession, whoever put it there.
func (m *Manager) handles(r *http.Request) [][32]byte {
	var hashes [][32]byte
	for _, cookie := range r.CookiesNamed(m.cookies.handle) {
		if hash, ok := hashHandle(cookie.Value); ok && len(hashes) < maxHandles {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}
