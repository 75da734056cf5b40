-- One index for all that is asked of a user's sessions, where there were two: each login writes a page less. The live ones are those
-- with revoked_at 0, newest login first; foreign keys and an export look for the others, too. As before, neither the last use nor
-- the expiry is in it. A server one version older finds its rows by this one: no statement names an index.

-- +goose Up
CREATE INDEX sessions_by_user ON sessions (user_id, revoked_at, created_at);
DROP INDEX sessions_of_user;
DROP INDEX sessions_user;

-- +goose Down
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at) WHERE revoked_at = 0;
DROP INDEX sessions_by_user;
