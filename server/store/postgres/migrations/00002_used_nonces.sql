-- The nonces that came back, as SHA-256, until they expire by themselves: a second use is a replay.

-- +goose Up
CREATE TABLE googlelogin.used_nonces (
    nonce_hash bytea       NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX used_nonces_expiry ON googlelogin.used_nonces (expires_at);

-- +goose Down
DROP TABLE googlelogin.used_nonces;
