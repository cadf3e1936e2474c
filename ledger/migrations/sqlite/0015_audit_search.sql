-- +goose Up
-- Auditors search by time, and by a person, a kind, a contract, a target or an outcome
-- within a time. What narrows further stands at the end of an index, so that rows that
-- do not match are not read.
DROP INDEX events_actor;
CREATE INDEX events_actor ON events (actor, at, seq, kind);
CREATE INDEX events_kind_time ON events (kind, at, seq);
CREATE INDEX events_time ON events (at, seq);
CREATE INDEX requests_account ON requests (requester_key, created_at DESC, id DESC);
CREATE INDEX requests_human ON requests (human_key, created_at DESC, id DESC);
CREATE INDEX requests_email ON requests (email_key, created_at DESC, id DESC);
CREATE INDEX requests_outcome ON requests (outcome, created_at DESC, id DESC);
CREATE INDEX requests_targets ON requests (created_at DESC, id DESC, targets);
