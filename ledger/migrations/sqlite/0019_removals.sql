-- +goose Up
-- What a policy dropped: what people did, wrote and decided goes, and what is needed to
-- verify the log stays. removal is the number of the event that tells of it, 0 where all
-- is there.
ALTER TABLE events ADD COLUMN removal BIGINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN dropped_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN removal BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN dropped_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX requests_whole ON requests (created_at) WHERE removal = 0;
CREATE INDEX requests_dropped ON requests (id) WHERE removal > 0;
-- The signed statement of what was dropped, of which the event has the digest.
CREATE TABLE removals (
  seq    BIGINT PRIMARY KEY, -- of the event
  record TEXT NOT NULL
);
-- What was recorded stays as it was recorded, but that a body may go, once and whole.
DROP TRIGGER events_no_update;
-- +goose StatementBegin
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
WHEN NOT (OLD.removal = 0 AND NEW.removal > OLD.seq AND NEW.seq = OLD.seq AND NEW.at = OLD.at AND NEW.request_id = OLD.request_id AND NEW.kind = OLD.kind
  AND NEW.kind <> 'bodies.dropped' AND NEW.actor = '' AND NEW.message = '' AND NEW.detail = '{}' AND NEW.idempotency_key = ''
  AND EXISTS (SELECT 1 FROM events e WHERE e.seq = NEW.removal AND e.kind = 'bodies.dropped'))
BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
-- +goose StatementEnd
