-- What administrators need: the sessions of deleted users, until no JWT of theirs can be alive; and emails in the order of bytes,
-- which the index by the database's own collation does not give, for a search by how an email begins.

-- +goose Up
CREATE TABLE googlelogin.ended_sessions (
    session_id text        NOT NULL PRIMARY KEY,
    ended_at   timestamptz NOT NULL
);
CREATE INDEX ended_sessions_time ON googlelogin.ended_sessions (ended_at);
CREATE INDEX users_email_prefix ON googlelogin.users (email COLLATE "C") WHERE email <> '';

-- +goose Down
DROP INDEX googlelogin.users_email_prefix;
DROP TABLE googlelogin.ended_sessions;
