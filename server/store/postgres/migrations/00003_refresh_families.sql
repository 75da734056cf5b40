-- The refresh tokens of a session, of which only the current one has a hash here: see package refresh.

-- +goose Up
CREATE TABLE googlelogin.refresh_families (
    session_id text        NOT NULL PRIMARY KEY REFERENCES googlelogin.sessions (id) ON DELETE CASCADE,
    client_id  text        NOT NULL,
    salt       bytea       NOT NULL,
    number     bigint      NOT NULL,
    token_hash bytea       NOT NULL,
    rotated_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE googlelogin.refresh_families;
