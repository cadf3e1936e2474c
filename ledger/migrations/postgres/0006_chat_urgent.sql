-- +goose Up
-- The newest event of a request that must be heard of at once, since when it waits, and
-- the one of which an alarm says that the service did not take it.
ALTER TABLE chat_messages ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chat_messages ADD COLUMN urgent_at BIGINT;
ALTER TABLE chat_messages ADD COLUMN alarmed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX chat_messages_urgent ON chat_messages (service, urgent_at) WHERE urgent > sent;
-- What somebody is told of what they did, until the service has it. It is written in the
-- transaction that records that the act is done.
CREATE TABLE chat_replies (
  id         TEXT PRIMARY KEY, -- of the act
  service    TEXT NOT NULL,
  body       TEXT NOT NULL,    -- sealed by the servers
  created_at BIGINT NOT NULL,
  due_at     BIGINT NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  tried_at   BIGINT,           -- since when it may be there, and nobody was told so
  problem    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX chat_replies_due ON chat_replies (service, due_at);
