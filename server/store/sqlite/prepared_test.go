package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/googlelogin/operator/server/identity"
)

// Were the writer left as SaveUser needs it, every session and every logout after it could be undone by a power cut.
func TestSaveUser_LeavesTheWriterSynced(t *testing.T) {
	ann := identity.User{ID: "u", Issuer: "i", Subject: "s", Email: "ann@example.com"}
	for name, change := range map[string]func(cancel func()) (identity.User, error){
		"saved":     func(func()) (identity.User, error) { return ann, nil },
		"refused":   func(func()) (identity.User, error) { return ann, errors.New("refused") },
		"cancelled": func(cancel func()) (identity.User, error) { cancel(); return ann, nil },
		"panicking": func(func()) (identity.User, error) { panic("in the midst of it") },
	} {
		t.Run(name, func(t *testing.T) {
			store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			within := 0
			func() {
				defer func() { _ = recover() }()
				_, _ = store.SaveUser(ctx, "i", "s", func(identity.User) (identity.User, error) { within++; return change(cancel) })
			}()
			var synchronous int
			if err := store.writer.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&synchronous); err != nil {
				t.Fatal(err)
			}
			if synchronous != 2 || within != 1 {
				t.Errorf("synchronous is %d after %d transactions, want 2 (FULL) after one", synchronous, within)
			}
		})
	}
}

func TestCommit_SyncsUnlessToldOtherwise(t *testing.T) {
	store := openInternal(t, filepath.Join(t.TempDir(), "users.db"))
	for synced, want := range map[bool]int{false: 1, true: 2} {
		var within int
		err := store.commit(synced, func(ctx context.Context, tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&within)
		})
		if err != nil || within != want {
			t.Errorf("synced %t: synchronous is %d, %v, want %d", synced, within, err, want)
		}
	}
}
