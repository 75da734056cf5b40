-- Times are microseconds since 1970 in UTC; 0 stands for "not so far".
--
-- A server one version older than the schema must go on working beside it (a rolling upgrade, a roll back): add tables, indexes and
-- columns with defaults; never rename, drop or narrow what the version before reads or writes.

-- +goose Up
CREATE TABLE users (
    id             TEXT    NOT NULL PRIMARY KEY,
    issuer         TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    email_verified INTEGER NOT NULL,
    hosted_domain  TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    given_name     TEXT    NOT NULL,
    family_name    TEXT    NOT NULL,
    picture        TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    last_login_at  INTEGER NOT NULL,
    blocked_at     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX users_identity ON users (issuer, subject);
CREATE UNIQUE INDEX users_email ON users (email) WHERE email <> '';

CREATE TABLE sessions (
    id             TEXT    NOT NULL PRIMARY KEY,
    handle_hash    BLOB    NOT NULL,
    user_id        TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at     INTEGER NOT NULL,
    last_used_at   INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    revoked_at     INTEGER NOT NULL DEFAULT 0,
    user_agent     TEXT    NOT NULL,
    missing_scopes TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX sessions_handle ON sessions (handle_hash);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at > 0;

-- +goose Down
DROP TABLE sessions;
DROP TABLE users;
