package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/googlelogin/operator/server/refresh"
	"github.com/googlelogin/operator/server/session"
)

// The grace of a refresh token is short, and may be judged at another server than the one that began it. Their clocks need not agree:
// rotated_at is by the database's, and a server, whose clock stands at $1, has it in its own.
const (
	// ahead is how far the database's clock is ahead of the server's. What is below callTimeout may be the way there, which a pool or a pooler
	// that is busy makes long: taken for a difference of the clocks, it would shorten the grace.
	ahead = `CASE WHEN abs(extract(epoch FROM now() - $1::timestamptz)) < 5 THEN interval '0' ELSE now() - $1::timestamptz END`

	familyColumns = `client_id, salt, number, token_hash, rotated_at - ` + ahead

	insertFamily = `INSERT INTO googlelogin.refresh_families (session_id, client_id, salt, number, token_hash, rotated_at)
		VALUES ($2, $3, $4, $5, $6, $7::timestamptz + ` + ahead + `)`
	selectFamily = `SELECT ` + sessionColumns + `, ` + familyColumns + `
		FROM googlelogin.refresh_families JOIN googlelogin.sessions ON sessions.id = refresh_families.session_id
		WHERE refresh_families.session_id = $2`
	selectUserFamilies = `SELECT ` + sessionColumns + `, ` + familyColumns + `
		FROM googlelogin.refresh_families JOIN googlelogin.sessions ON sessions.id = refresh_families.session_id
		WHERE sessions.user_id = $2 ORDER BY created_at DESC, id LIMIT $3`
	// FOR SHARE waits for a logout under way: a session that ends now has no next token.
	rotateFamily = `UPDATE googlelogin.refresh_families SET number = $2, token_hash = $3, rotated_at = $4::timestamptz + ` + ahead + `
		WHERE session_id = $5 AND number = $6
		AND EXISTS (SELECT 1 FROM googlelogin.sessions WHERE id = $5 AND revoked_at IS NULL FOR SHARE)`
)

// CreateFamily implements refresh.Store.
func (s *Store) CreateFamily(ctx context.Context, f refresh.Family) error {
	_, err := s.exec(ctx, "create refresh family", insertFamily,
		s.clock(), f.Session.ID, f.ClientID, f.Salt[:], int64(f.Number), f.Hash[:], normalTime(f.RotatedAt))
	return err
}

// Family implements refresh.Store.
func (s *Store) Family(ctx context.Context, sessionID string) (refresh.Family, error) {
	var f refresh.Family
	err := s.run(ctx, "read refresh family", func(ctx context.Context) (err error) {
		f, err = scanFamily(s.pool.QueryRow(ctx, selectFamily, s.clock(), sessionID))
		if errors.Is(err, pgx.ErrNoRows) {
			return answer{session.ErrNoSession}
		}
		return err
	})
	return f, err
}

// UserFamilies returns the families of a user's sessions that are still kept, the newest login first, at most limit of them.
func (s *Store) UserFamilies(ctx context.Context, userID string, limit int) ([]refresh.Family, error) {
	return collect(ctx, s, "list refresh families", scanFamily, selectUserFamilies, s.clock(), userID, limit)
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
		s.clock(), int64(to.Number), to.Hash[:], normalTime(to.RotatedAt), to.Session.ID, int64(to.Number)-1)
	return rotated == 1, err
}
