-- The refresh tokens of a session, of which only the current one has a hash here: see package refresh.

-- +goose Up
CREATE TABLE refresh_families (
    session_id TEXT    NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    client_id  TEXT    NOT NULL,
    salt       BLOB    NOT NULL,
    number     INTEGER NOT NULL,
    token_hash BLOB    NOT NULL,
    rotated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE refresh_families;
