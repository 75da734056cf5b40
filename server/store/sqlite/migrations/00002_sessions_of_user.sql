-- The list of a user's live sessions, newest login first. Neither the last use nor the expiry is in the index: a renewal must not
-- have to write it.

-- +goose Up
CREATE INDEX sessions_of_user ON sessions (user_id, created_at) WHERE revoked_at = 0;

-- +goose Down
DROP INDEX sessions_of_user;
