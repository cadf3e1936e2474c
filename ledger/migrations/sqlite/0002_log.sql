-- +goose Up
-- Every event is a leaf of a Merkle tree (RFC 6962), numbered from 0 without
-- gaps. The tree's hashes are kept in the order of golang.org/x/mod/sumdb/tlog.
CREATE TABLE log (origin TEXT NOT NULL);
INSERT INTO log (origin) VALUES ('ramp-log-' || lower(hex(randomblob(10))));
CREATE TABLE log_hashes (
  idx  INTEGER PRIMARY KEY,
  hash BLOB NOT NULL
);
ALTER TABLE events ADD COLUMN leaf BIGINT NOT NULL DEFAULT -1;
DROP TRIGGER events_no_update;
UPDATE events SET leaf = n.leaf FROM (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS leaf FROM events) n WHERE n.seq = events.seq;
CREATE UNIQUE INDEX events_leaf ON events (leaf);
CREATE INDEX events_actor ON events (actor, seq);
CREATE INDEX events_kind ON events (kind, seq);
-- +goose StatementBegin
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN
  SELECT RAISE(ABORT, 'events are append-only');
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
