package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

const (
	insertFamily = `INSERT INTO googlelogin.refresh_families (session_id, client_id, salt, number, token_hash, rotated_at)
		VALUES ($1, $2, $3, $4, $5, $6)`
	selectFamily = `SELECT ` + sessionColumns + `, client_id, salt, number, token_hash, rotated_at
		FROM googlelogin.refresh_families JOIN googlelogin.sessions ON sessions.id = refresh_families.session_id
		WHERE refresh_families.session_id = $1`
	selectUserFamilies = `SELECT ` + sessionColumns + `, client_id, salt, number, token_hash, rotated_at
		FROM googlelogin.refresh_families JOIN googlelogin.sessions ON sessions.id = refresh_families.session_id
		WHERE sessions.user_id = $1 ORDER BY created_at DESC, id LIMIT $2`
	// FOR SHARE waits for a logout under way: a session that ends now has no next token.
	rotateFamily = `UPDATE googlelogin.refresh_families SET number = $1, token_hash = $2, rotated_at = $3
		WHERE session_id = $4 AND number = $5
		AND EXISTS (SELECT 1 FROM googlelogin.sessions WHERE id = $4 AND revoked_at IS NULL FOR SHARE)`
)

// CreateFamily implements refresh.Store.
func (s *Store) CreateFamily(ctx context.Context, f refresh.Family) error {
	_, err := s.exec(ctx, "create refresh family", insertFamily,
		f.Session.ID, f.ClientID, f.Salt[:], int64(f.Number), f.Hash[:], normalTime(f.RotatedAt))
	return err
}

// Family implements refresh.Store.
func (s *Store) Family(ctx context.Context, sessionID string) (refresh.Family, error) {
	var f refresh.Family
	err := s.run(ctx, "read refresh family", func(ctx context.Context) (err error) {
		f, err = scanFamily(s.pool.QueryRow(ctx, selectFamily, sessionID))
		if errors.Is(err, pgx.ErrNoRows) {
			return answer{session.ErrNoSession}
		}
		return err
	})
	return f, err
}

// UserFamilies returns the families of a user's sessions that are still kept, the newest login first, at most limit of them.
func (s *Store) UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error) {
	return collect(ctx, s, "list refresh families", scanFamily, selectUserFamilies, userID, limit)
}

// familyRow is a row whose first columns are a session's.
type familyRow struct {
	pgx.Row
	more []any
}

func (r familyRow) Scan(columns ...any) error { return r.Row.Scan(append(columns, r.more...)...) }

func scanFamily(row pgx.Row) (refresh.Family, error) {
	var (
		f          refresh.Family
		salt, hash []byte
	)
	found, err := scanSession(familyRow{row, []any{&f.ClientID, &salt, &f.Number, &hash, &f.RotatedAt}})
	if err != nil {
		return refresh.Family{}, err
	}
	f.Session, f.RotatedAt = found, f.RotatedAt.UTC()
	copy(f.Salt[:], salt)
	copy(f.Hash[:], hash)
	return f, nil
}

// RotateFamily implements refresh.Store.
func (s *Store) RotateFamily(ctx context.Context, to refresh.Family) (bool, error) {
	rotated, err := s.exec(ctx, "rotate refresh family", rotateFamily,
		int64(to.Number), to.Hash[:], normalTime(to.RotatedAt), to.Session.ID, int64(to.Number)-1)
	return rotated == 1, err
}
