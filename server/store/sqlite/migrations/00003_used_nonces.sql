-- The nonces that came back, as SHA-256, until they expire by themselves: a second use is a replay.

-- +goose Up
CREATE TABLE used_nonces (
    nonce_hash BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_nonces_expiry ON used_nonces (expires_at);

-- +goose Down
DROP TABLE used_nonces;
