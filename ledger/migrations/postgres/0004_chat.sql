-- +goose Up
-- Which user of a chat service is which person. The row says nothing that its record,
-- which a server signed, does not say.
CREATE TABLE chat_links (
  id         TEXT PRIMARY KEY, -- service, workspace and user
  service    TEXT NOT NULL,
  person_key TEXT NOT NULL,
  version    BIGINT NOT NULL,
  record     TEXT NOT NULL
);
CREATE INDEX chat_links_person ON chat_links (service, person_key);
-- Codes by which somebody who is signed in on the web shows a chat service who they are.
CREATE TABLE chat_codes (
  digest     TEXT PRIMARY KEY,
  record     TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
-- What people did in a chat service, until it is done or refused. It is written before
-- the service is told that it arrived.
CREATE TABLE chat_acts (
  id          TEXT PRIMARY KEY, -- of the delivery: the same one again adds no row
  service     TEXT NOT NULL,
  body        TEXT NOT NULL,    -- sealed by the servers; empty once it is done
  received_at BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  tries       INTEGER NOT NULL DEFAULT 0,
  problem     TEXT NOT NULL DEFAULT '',
  done_at     BIGINT,
  outcome     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX chat_acts_due ON chat_acts (service, due_at) WHERE done_at IS NULL;
CREATE INDEX chat_acts_done ON chat_acts (done_at) WHERE done_at IS NOT NULL;
-- The one message about each request in each place, and how far it says what happened.
CREATE TABLE chat_messages (
  id         TEXT PRIMARY KEY, -- of service, place and request
  service    TEXT NOT NULL,
  request_id TEXT NOT NULL,
  place      TEXT NOT NULL,    -- a channel, or a user for a direct message
  ref_place  TEXT NOT NULL DEFAULT '', -- where the service has it
  ref        TEXT NOT NULL DEFAULT '',
  want       BIGINT NOT NULL,  -- the newest event of its request
  sent       BIGINT NOT NULL DEFAULT 0, -- the event up to which the message says what happened
  told       BIGINT NOT NULL DEFAULT 0, -- likewise its thread
  tried      BIGINT NOT NULL DEFAULT 0, -- the event up to which the last reply, which may be lost, told
  tried_at   BIGINT,           -- since when a post or a reply may be lost
  remind_at  BIGINT,           -- when its reader is to be reminded next
  due_at     BIGINT NOT NULL,  -- when it may be tried
  claimed    BIGINT NOT NULL DEFAULT 0, -- until when it is one process's
  tries      INTEGER NOT NULL DEFAULT 0, -- since it last worked
  problem    TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL
);
CREATE INDEX chat_messages_request ON chat_messages (request_id);
CREATE INDEX chat_messages_waiting ON chat_messages (service, due_at) WHERE want > told OR want > sent;
CREATE INDEX chat_messages_remind ON chat_messages (service, remind_at) WHERE remind_at IS NOT NULL;
-- When a service may be called next, by all servers together.
CREATE TABLE chat_pace (
  service TEXT PRIMARY KEY,
  next_at BIGINT NOT NULL
);
