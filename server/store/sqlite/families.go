package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

const (
	insertFamily = `INSERT INTO refresh_families (session_id, client_id, salt, number, token_hash, rotated_at) VALUES (?, ?, ?, ?, ?, ?)`
	selectFamily = `SELECT ` + sessionColumns + `, client_id, salt, number, token_hash, rotated_at
		FROM refresh_families JOIN sessions ON sessions.id = refresh_families.session_id WHERE refresh_families.session_id = ?`
	selectUserFamilies = `SELECT ` + sessionColumns + `, client_id, salt, number, token_hash, rotated_at
		FROM refresh_families JOIN sessions ON sessions.id = refresh_families.session_id
		WHERE sessions.user_id = ? ORDER BY created_at DESC, id LIMIT ?`
	rotateFamily = `UPDATE refresh_families SET number = ?, token_hash = ?, rotated_at = ? WHERE session_id = ? AND number = ?
		AND EXISTS (SELECT 1 FROM sessions WHERE id = refresh_families.session_id AND revoked_at = 0)`
)

// CreateFamily implements refresh.Store.
func (s *Store) CreateFamily(ctx context.Context, f refresh.Family) error {
	_, err := s.write(ctx, insertFamily, f.Session.ID, f.ClientID, f.Salt[:], f.Number, f.Hash[:], toMicros(f.RotatedAt))
	return unavailable("create refresh family", err)
}

// Family implements refresh.Store.
func (s *Store) Family(ctx context.Context, sessionID string) (refresh.Family, error) {
	f, err := scanFamily(s.readRow(ctx, selectFamily, sessionID).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return refresh.Family{}, session.ErrNoSession
	}
	return f, unavailable("read refresh family", err)
}

// UserFamilies returns the families of a user's sessions that are still kept, the newest login first, at most limit of them.
func (s *Store) UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error) {
	return collect(ctx, s.reader, "list refresh families", scanFamily, selectUserFamilies, userID, limit)
}

// scanFamily reads a row of sessionColumns and a family's own.
func scanFamily(scan func(...any) error) (refresh.Family, error) {
	var (
		f          refresh.Family
		salt, hash []byte
		rotated    int64
	)
	found, err := scanSession(func(columns ...any) error {
		return scan(append(columns, &f.ClientID, &salt, &f.Number, &hash, &rotated)...)
	})
	if err != nil {
		return refresh.Family{}, err
	}
	f.Session, f.RotatedAt = found, fromMicros(rotated)
	copy(f.Salt[:], salt)
	copy(f.Hash[:], hash)
	return f, nil
}

// RotateFamily implements refresh.Store.
func (s *Store) RotateFamily(ctx context.Context, to refresh.Family) (bool, error) {
	result, err := s.write(ctx, rotateFamily, to.Number, to.Hash[:], toMicros(to.RotatedAt), to.Session.ID, to.Number-1)
	if err != nil {
		return false, unavailable("rotate refresh family", err)
	}
	rotated, err := result.RowsAffected()
	return rotated == 1, unavailable("rotate refresh family", err)
}
