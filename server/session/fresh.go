package session

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// Fresh returns the claims that Resume would return, for a request whose access JWT is valid and not due for renewal: without a look
// into the store and without a cookie. For any other request it says no, and Resume says why. The caller must not change what the
// claims point to.
//
// A proxy asks thousands of times a second with the same few Cookie headers. A whole header that Check took before says the same
// again, so that it need not be taken apart; time, keys and revocation are asked at each request.
func (m *Manager) Fresh(r *http.Request) (*Claims, bool) {
	header, once := cookieHeader(r)
	if !once {
		return nil, false
	}
	_, keys := m.keyring.JWKS()
	sum, now := sumOf(header), m.now()
	c, known := m.byHeader.find(sum, keys, now)
	if !known {
		return m.freshUnknown(r, sum, keys, now)
	}
	return c, !m.revoked.has(c.SessionID) && !m.dueAt(c, now)
}

// sumOf hashes headers of a common length without a copy on the heap.
func sumOf(header string) [sha256.Size]byte {
	var buffer [2048]byte
	if len(header) > len(buffer) {
		return sha256.Sum256([]byte(header))
	}
	return sha256.Sum256(buffer[:copy(buffer[:], header)])
}

// freshUnknown checks a request with a header that was not seen before.
func (m *Manager) freshUnknown(r *http.Request, sum [sha256.Size]byte, keys string, now time.Time) (*Claims, bool) {
	token, err := m.token(r)
	if err != nil {
		return nil, false
	}
	c, err := m.valid(r.Context(), token)
	if err != nil {
		return nil, false
	}
	m.byHeader.add(sum, keys, c, now)
	return c, !m.dueAt(c, now)
}

// cookieHeader returns the one Cookie header. HTTP/2 may send several.
func cookieHeader(r *http.Request) (string, bool) {
	values := r.Header["Cookie"]
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}
