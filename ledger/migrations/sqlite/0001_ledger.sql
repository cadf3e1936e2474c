-- +goose Up
-- Times are microseconds since 1970 UTC; flags are 0 or 1; documents are JSON.
-- migrations/postgres has the same tables, columns and indexes; a test compares them.
CREATE TABLE requests (
  id               TEXT PRIMARY KEY,
  state            TEXT NOT NULL,
  outcome          TEXT NOT NULL DEFAULT '',
  contract         TEXT NOT NULL,
  requester_id     TEXT NOT NULL,
  requester_key    TEXT NOT NULL, -- these three find one human's requests: folded ids of the account
  human_key        TEXT NOT NULL, -- and of the human behind it, as it was then,
  email_key        TEXT NOT NULL, -- and the address, '' where there is none
  targets          TEXT NOT NULL, -- ',a,b,', for searching
  input            TEXT NOT NULL, -- what was asked, word for word; a document
  requester        TEXT NOT NULL, -- the person as they were then; a document
  plan             TEXT NOT NULL, -- a document
  plan_envelope    TEXT NOT NULL, -- the same, signed (DSSE)
  stages           TEXT NOT NULL, -- a document
  decisions        TEXT NOT NULL, -- a document
  break_glass      INTEGER NOT NULL DEFAULT 0, -- it opens with nobody's consent
  review           TEXT NOT NULL DEFAULT '', -- of that; a document, '' where nobody has written one
  problem          TEXT NOT NULL DEFAULT '',
  workflow_started INTEGER NOT NULL DEFAULT 0, -- its workflow is known to exist
  overdue          INTEGER NOT NULL DEFAULT 0,
  extensions       INTEGER NOT NULL DEFAULT 0,
  created_at       BIGINT NOT NULL,
  start_at         BIGINT, -- the planned start, once approved as the approvals leave it; NULL: at once
  active_at        BIGINT,
  expires_at       BIGINT,
  ended_at         BIGINT
);
CREATE INDEX requests_newest ON requests (created_at DESC, id DESC);
CREATE INDEX requests_state ON requests (state, created_at DESC);
CREATE INDEX requests_requester ON requests (requester_id, created_at DESC);
CREATE INDEX requests_contract ON requests (contract, created_at DESC);
CREATE INDEX requests_glass ON requests (created_at) WHERE break_glass = 1 AND review = '';
CREATE INDEX requests_start ON requests (start_at) WHERE start_at IS NOT NULL;
CREATE INDEX requests_unstarted ON requests (created_at) WHERE workflow_started = 0;

CREATE TABLE grants (
  name        TEXT PRIMARY KEY,
  request_id  TEXT NOT NULL REFERENCES requests (id),
  target      TEXT NOT NULL,
  principal   TEXT NOT NULL,
  entitlement TEXT NOT NULL, -- a document
  expires_at  BIGINT NOT NULL,
  status      TEXT NOT NULL, -- intended, open, closed
  intended_at BIGINT NOT NULL,
  opened_at   BIGINT,
  closed_at   BIGINT,
  closing_until BIGINT NOT NULL DEFAULT 0 -- a worker's closer has it in hand until then, or tries again
);
CREATE INDEX grants_request ON grants (request_id);
CREATE INDEX grants_due ON grants (target, expires_at) WHERE status <> 'closed';

-- Which grants use an object that they have to share on a target. A grant that
-- was released stays as released: it does not come back.
CREATE TABLE holders (
  target     TEXT NOT NULL,
  object     TEXT NOT NULL,
  grant_name TEXT NOT NULL,
  state      TEXT NOT NULL, -- holding, removing, released
  PRIMARY KEY (target, object, grant_name)
);
CREATE INDEX holders_of_grant ON holders (target, grant_name);

-- Every event is a leaf of a Merkle tree (RFC 6962). Events are numbered from 1
-- without gaps, so that event n is leaf n-1. The tree's hashes are kept in the
-- order of golang.org/x/mod/sumdb/tlog.
CREATE TABLE events (
  seq             INTEGER PRIMARY KEY,
  at              BIGINT NOT NULL,
  request_id      TEXT NOT NULL, -- '' where there is none
  kind            TEXT NOT NULL,
  actor           TEXT NOT NULL,
  message         TEXT NOT NULL,
  detail          TEXT NOT NULL, -- a document
  idempotency_key TEXT NOT NULL  -- '' where every event is a new one
);
CREATE UNIQUE INDEX events_once ON events (request_id, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX events_request ON events (request_id, seq);
CREATE INDEX events_actor ON events (actor, seq);
CREATE INDEX events_kind ON events (kind, seq);
CREATE INDEX events_signed_out ON events (actor, at) WHERE kind = 'session.ended';
CREATE TABLE log_hashes (
  idx  INTEGER PRIMARY KEY,
  hash BLOB NOT NULL
);
CREATE TABLE log (origin TEXT NOT NULL); -- names this log for ever
INSERT INTO log (origin) VALUES ('ramp-log-' || lower(hex(randomblob(10))));

-- What was recorded stays as it was recorded.
-- +goose StatementBegin
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_hashes_no_update BEFORE UPDATE ON log_hashes BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_hashes_no_delete BEFORE DELETE ON log_hashes BEGIN
  SELECT RAISE(ABORT, 'the log is append-only');
END;
-- +goose StatementEnd

-- Whether there is room to write is asked by writing here.
CREATE TABLE room (
  at     INTEGER PRIMARY KEY, -- when it was asked
  filler BLOB NOT NULL
);

-- How far each consumer of the events has got, by its name.
CREATE TABLE feed_cursors (
  name          TEXT PRIMARY KEY,
  seq           BIGINT NOT NULL, -- the last event that it has handled
  moved_at      BIGINT NOT NULL,
  failing_since BIGINT,          -- NULL while it works
  error         TEXT NOT NULL DEFAULT ''
);

-- What evidence packs are made of: the text of every contract that a plan was
-- made under, and every signed statement about a request.
CREATE TABLE contract_texts (
  version     TEXT PRIMARY KEY, -- sha256 of the text
  name        TEXT NOT NULL,
  text        TEXT NOT NULL,
  recorded_at BIGINT NOT NULL
);
CREATE TABLE statements (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL REFERENCES requests (id),
  key        TEXT NOT NULL,
  envelope   TEXT NOT NULL -- DSSE, JSON
);
CREATE UNIQUE INDEX statements_once ON statements (request_id, key);

-- People and groups as an identity provider provisions them (SCIM 2.0). What counts
-- is the record of each row, which a server has signed (DSSE), and of which the log
-- names the latest version; the other columns are for finding it. A column that ends
-- in _key is folded (access.FoldID), so that SQL and Go compare alike.
CREATE TABLE directory_mode (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  enabled  INTEGER NOT NULL, -- 0: the tables below are not used
  groups   INTEGER NOT NULL, -- the directory knows who is in which group
  required INTEGER NOT NULL, -- a human whom the directory does not know is refused
  version  BIGINT NOT NULL,
  record   TEXT NOT NULL
);
INSERT INTO directory_mode (id, enabled, groups, required, version, record) VALUES (1, 0, 0, 0, 0, '');
CREATE TABLE directory_users (
  id          TEXT PRIMARY KEY,
  person_id   TEXT NOT NULL, -- the id in this person's tokens
  user_name   TEXT NOT NULL,
  user_name_key TEXT NOT NULL,
  external_id TEXT NOT NULL,
  name        TEXT NOT NULL,
  email       TEXT NOT NULL,
  active      INTEGER NOT NULL,
  attributes  TEXT NOT NULL, -- what else the provider said; a document
  version     BIGINT NOT NULL,
  record      TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL,
  deleted_at  BIGINT         -- the row is kept, so that a deleted person stays known as one who left
);
CREATE UNIQUE INDEX directory_users_name ON directory_users (user_name_key) WHERE deleted_at IS NULL;
CREATE INDEX directory_users_external ON directory_users (external_id);
-- Every id that somebody has or had in tokens.
CREATE TABLE directory_ids (
  person_key TEXT NOT NULL,
  user_id    TEXT NOT NULL REFERENCES directory_users (id),
  PRIMARY KEY (person_key, user_id)
);
CREATE TABLE directory_groups (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  name_key    TEXT NOT NULL,
  external_id TEXT NOT NULL,
  version     BIGINT NOT NULL,
  record      TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_groups_name ON directory_groups (name_key);
CREATE TABLE directory_members (
  group_id TEXT NOT NULL REFERENCES directory_groups (id) ON DELETE CASCADE,
  user_id  TEXT NOT NULL REFERENCES directory_users (id),
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX directory_members_user ON directory_members (user_id);

-- Which accounts are the same human's. A link that was removed stays as a row. The
-- row of an account's latest version counts, as its record says.
CREATE TABLE linked_accounts (
  id          TEXT PRIMARY KEY,
  account     TEXT NOT NULL, -- the id of the person that the account is when it signs in
  account_key TEXT NOT NULL,
  human_id    TEXT NOT NULL,
  human_key   TEXT NOT NULL,
  linked_by   TEXT NOT NULL,
  linked_at   BIGINT NOT NULL,
  unlinked_by TEXT NOT NULL DEFAULT '',
  unlinked_at BIGINT,
  version     BIGINT NOT NULL,
  record      TEXT NOT NULL
);
CREATE UNIQUE INDEX linked_accounts_account ON linked_accounts (account_key) WHERE unlinked_at IS NULL;
CREATE INDEX linked_accounts_human ON linked_accounts (human_key);

-- Browsers' sessions, so that every server knows them and a restart keeps them.
CREATE TABLE sessions (
  token_digest TEXT PRIMARY KEY, -- a digest: whoever reads this table cannot use it to sign in
  person_id    TEXT NOT NULL,
  person_key   TEXT NOT NULL,
  data         BLOB NOT NULL,    -- sealed by the servers for this row as it stands
  address      TEXT NOT NULL,
  user_agent   TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  seen_at      BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person_key);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- What entitlements mean, as the workers of their targets signed it: so asking again
-- needs no worker.
CREATE TABLE meanings (
  target      TEXT NOT NULL,
  entitlement TEXT NOT NULL, -- its digest
  envelope    TEXT NOT NULL,
  kept_at     BIGINT NOT NULL,
  PRIMARY KEY (target, entitlement)
);
