package sqlite

import (
	"context"
	"time"
)

const (
	insertNonce         = `INSERT INTO used_nonces (nonce_hash, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING`
	deleteExpiredNonces = `DELETE FROM used_nonces WHERE nonce_hash IN (
		SELECT nonce_hash FROM used_nonces WHERE expires_at <= ? LIMIT ?)`
)

// ClaimNonce implements nonce.Store.
func (s *Store) ClaimNonce(ctx context.Context, hash [32]byte, until time.Time) (bool, error) {
	result, err := s.write(ctx, insertNonce, hash[:], toMicros(until))
	if err != nil {
		return false, unavailable("claim nonce", err)
	}
	inserted, err := result.RowsAffected()
	return inserted == 1, unavailable("claim nonce", err)
}

// DeleteExpiredNonces deletes at most limit nonces that expired by themselves, and returns how many it deleted.
func (s *Store) DeleteExpiredNonces(ctx context.Context, now time.Time, limit int) (int, error) {
	result, err := s.write(ctx, deleteExpiredNonces, toMicros(now), limit)
	if err != nil {
		return 0, unavailable("delete expired nonces", err)
	}
	deleted, err := result.RowsAffected()
	return int(deleted), unavailable("delete expired nonces", err)
}
