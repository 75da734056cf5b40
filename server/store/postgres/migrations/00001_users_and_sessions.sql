-- A server one version older than the schema must go on working beside it (a rolling upgrade, a roll back): add tables, indexes and
-- columns with defaults; never rename, drop or narrow what the version before reads or writes.

-- +goose Up
-- The GoogleLogin whose users these are, in one row.
CREATE TABLE googlelogin.instance (
    sole boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (sole),
    name text    NOT NULL
);

CREATE TABLE googlelogin.users (
    id             text        NOT NULL PRIMARY KEY,
    issuer         text        NOT NULL,
    subject        text        NOT NULL,
    email          text        NOT NULL,
    email_verified boolean     NOT NULL,
    hosted_domain  text        NOT NULL,
    name           text        NOT NULL,
    given_name     text        NOT NULL,
    family_name    text        NOT NULL,
    picture        text        NOT NULL,
    created_at     timestamptz NOT NULL,
    last_login_at  timestamptz NOT NULL,
    blocked_at     timestamptz
);
CREATE UNIQUE INDEX users_identity ON googlelogin.users (issuer, subject);
CREATE UNIQUE INDEX users_email ON googlelogin.users (email) WHERE email <> '';

CREATE TABLE googlelogin.sessions (
    id             text        NOT NULL PRIMARY KEY,
    handle_hash    bytea       NOT NULL,
    user_id        text        NOT NULL REFERENCES googlelogin.users (id) ON DELETE CASCADE,
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    user_agent     text        NOT NULL,
    missing_scopes text        NOT NULL
);
CREATE UNIQUE INDEX sessions_handle ON googlelogin.sessions (handle_hash);
-- For the deletion of a user with all that hangs on them.
CREATE INDEX sessions_user ON googlelogin.sessions (user_id);
-- The list of a user's live sessions, newest login first. The last use is in no index: a renewal then changes no index at all.
CREATE INDEX sessions_of_user ON googlelogin.sessions (user_id, created_at DESC, id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_expiry ON googlelogin.sessions (expires_at);
CREATE INDEX sessions_revoked ON googlelogin.sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- +goose Down
DROP TABLE googlelogin.sessions;
DROP TABLE googlelogin.users;
DROP TABLE googlelogin.instance;
