-- +goose Up
-- Times are microseconds since 1970 UTC; flags are 0 or 1; documents are JSON.
CREATE TABLE requests (
  id            TEXT PRIMARY KEY,
  state         TEXT NOT NULL,
  outcome       TEXT NOT NULL DEFAULT '',
  contract      TEXT NOT NULL,
  requester     TEXT NOT NULL,
  targets       TEXT NOT NULL, -- ',a,b,'
  ask           TEXT NOT NULL,
  person        TEXT NOT NULL,
  plan          TEXT NOT NULL,
  plan_envelope TEXT NOT NULL,
  stages        TEXT NOT NULL,
  decisions     TEXT NOT NULL,
  problem       TEXT NOT NULL DEFAULT '',
  started       INTEGER NOT NULL DEFAULT 0, -- its workflow is known to exist
  overdue       INTEGER NOT NULL DEFAULT 0,
  extensions    INTEGER NOT NULL DEFAULT 0,
  created_at    BIGINT NOT NULL,
  active_at     BIGINT,
  expires_at    BIGINT,
  ended_at      BIGINT
);
CREATE INDEX requests_newest ON requests (created_at DESC, id DESC);
CREATE INDEX requests_state ON requests (state, created_at DESC);
CREATE INDEX requests_requester ON requests (requester, created_at DESC);
CREATE INDEX requests_unstarted ON requests (created_at) WHERE started = 0;

CREATE TABLE grants (
  name        TEXT PRIMARY KEY,
  request_id  TEXT NOT NULL REFERENCES requests (id),
  target      TEXT NOT NULL,
  principal   TEXT NOT NULL,
  entitlement TEXT NOT NULL,
  expires_at  BIGINT NOT NULL,
  status      TEXT NOT NULL,
  intended_at BIGINT NOT NULL,
  opened_at   BIGINT,
  closed_at   BIGINT
);
CREATE INDEX grants_request ON grants (request_id);
CREATE INDEX grants_open ON grants (target) WHERE status <> 'closed';

CREATE TABLE events (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  at         BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  kind       TEXT NOT NULL,
  actor      TEXT NOT NULL,
  message    TEXT NOT NULL,
  detail     TEXT NOT NULL,
  key        TEXT NOT NULL
);
CREATE UNIQUE INDEX events_once ON events (request_id, key) WHERE key <> '';
CREATE INDEX events_request ON events (request_id, seq);

-- What was recorded stays as it was recorded.
-- +goose StatementBegin
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
END;
-- +goose StatementEnd
