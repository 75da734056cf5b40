package session

import (
	"crypto/sha256"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxRemembered is how many JWTs are remembered at most.
const MaxRemembered = maxRemembered

// Remembered is how many JWTs are remembered now.
func Remembered(m *Manager) int { return len(m.verified.claims) }

// Remember makes m remember a token as if it had been verified.
func Remember(m *Manager, token string, until time.Time) {
	now := m.now()
	_, keys := m.keyring.JWKS()
	c := Claims{RegisteredClaims: jwt.RegisteredClaims{ExpiresAt: jwt.NewNumericDate(until), NotBefore: jwt.NewNumericDate(now)}}
	m.verified.add(sha256.Sum256([]byte(token)), keys, &c, now)
}

// RememberedHeaders is how many Cookie headers are remembered now.
func RememberedHeaders(m *Manager) int { return len(m.byHeader.claims) }

// ForgetAll makes m forget all JWTs.
func ForgetAll(m *Manager) { m.verified.claims, m.byHeader.claims = nil, nil }

// SurelyFit and Size are how the claims of a JWT are kept short enough.
func SurelyFit(c Claims) bool { return surelyFit(c) }

func Size(c Claims) (int, error) { return size(c) }

const MaxClaims = maxClaims
