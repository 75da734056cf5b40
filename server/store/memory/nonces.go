package memory

import (
	"context"
	"time"
)

// ClaimNonce implements nonce.Store.
func (s *Store) ClaimNonce(ctx context.Context, hash [32]byte, until time.Time) (bool, error) {
	if err := check(ctx, "claim nonce"); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.nonces[hash]; used {
		return false, nil
	}
	s.nonces[hash] = normalTime(until)
	return true, nil
}

// DeleteExpiredNonces deletes at most limit nonces that expired by themselves, and returns how many it deleted.
func (s *Store) DeleteExpiredNonces(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := check(ctx, "delete expired nonces"); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	deleted := 0
	for hash, until := range s.nonces {
		if deleted < limit && !now.Before(until) {
			delete(s.nonces, hash)
			deleted++
		}
	}
	return deleted, nil
}
