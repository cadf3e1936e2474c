-- +goose Up
-- Every event is a leaf of a Merkle tree (RFC 6962), numbered from 0 without
-- gaps. The tree's hashes are kept in the order of golang.org/x/mod/sumdb/tlog.
CREATE TABLE log (origin TEXT NOT NULL);
INSERT INTO log (origin) VALUES ('ramp-log-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 20));
CREATE TABLE log_hashes (
  idx  BIGINT PRIMARY KEY,
  hash BYTEA NOT NULL
);
ALTER TABLE events ADD COLUMN leaf BIGINT NOT NULL DEFAULT -1;
DROP TRIGGER events_no_change ON events;
UPDATE events SET leaf = n.leaf FROM (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS leaf FROM events) n WHERE n.seq = events.seq;
CREATE UNIQUE INDEX events_leaf ON events (leaf);
CREATE INDEX events_actor ON events (actor, seq);
CREATE INDEX events_kind ON events (kind, seq);
CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION events_append_only();
CREATE TRIGGER log_hashes_no_change BEFORE UPDATE OR DELETE ON log_hashes
  FOR EACH ROW EXECUTE FUNCTION events_append_only();
