-- The sessions of deleted users, until no JWT of theirs can be alive.

-- +goose Up
CREATE TABLE ended_sessions (
    session_id TEXT    NOT NULL PRIMARY KEY,
    ended_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_sessions_time ON ended_sessions (ended_at);

-- +goose Down
DROP TABLE ended_sessions;
