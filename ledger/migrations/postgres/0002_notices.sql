-- +goose Up
-- Notices that are to be sent, each once to each address, and what became of them.
CREATE TABLE notices (
  id         TEXT PRIMARY KEY, -- of event, channel and address: what is decided again adds no row
  seq        BIGINT NOT NULL,  -- the event
  request_id TEXT NOT NULL,
  kind       TEXT NOT NULL,
  channel    TEXT NOT NULL,
  address    TEXT NOT NULL,
  why        TEXT NOT NULL,    -- why this address hears of it
  urgent     INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  due_at     BIGINT NOT NULL,  -- when it is tried next
  tries      INTEGER NOT NULL DEFAULT 0,
  problem    TEXT NOT NULL DEFAULT '',
  done_at    BIGINT,
  outcome    TEXT NOT NULL DEFAULT '' -- sent, moot or given up
);
CREATE INDEX notices_due ON notices (due_at) WHERE done_at IS NULL;
CREATE INDEX notices_done ON notices (done_at) WHERE done_at IS NOT NULL;
