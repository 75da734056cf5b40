package postgres

import (
	"context"
	"time"
)

const (
	// A claim waits for another one of the same nonce to commit, and is then too late.
	insertNonce = `INSERT INTO googlelogin.used_nonces (nonce_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	// SKIP LOCKED, because every replica sweeps and none needs to wait for another.
	deleteExpiredNonces = `WITH over AS MATERIALIZED (
			SELECT nonce_hash FROM googlelogin.used_nonces WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
		DELETE FROM googlelogin.used_nonces USING over WHERE used_nonces.nonce_hash = over.nonce_hash`
)

// ClaimNonce implements nonce.Store. A connection that breaks after the commit is an error all the same: that nonce is lost to its
// owner, who gets another one, and never counts twice.
func (s *Store) ClaimNonce(ctx context.Context, hash [32]byte, until time.Time) (bool, error) {
	inserted, err := s.exec(ctx, "claim nonce", insertNonce, hash[:], normalTime(until))
	return inserted == 1, err
}

// DeleteExpiredNonces deletes at most limit nonces that expired by themselves, and returns how many it deleted.
func (s *Store) DeleteExpiredNonces(ctx context.Context, now time.Time, limit int) (int, error) {
	deleted, err := s.exec(ctx, "delete expired nonces", deleteExpiredNonces, normalTime(now), limit)
	return int(deleted), err
}
