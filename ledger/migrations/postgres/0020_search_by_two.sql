-- +goose Up
-- What narrows a search stands in its index, also where two filters are given: a program
-- acts in most events, and few of them are of some kind; under one contract, on one target or
-- by one account there may be most requests, and few of them end in some way.
DROP INDEX events_actor;
CREATE INDEX events_actor ON events (actor, at, seq);
CREATE INDEX events_actor_kind ON events (actor, kind, at, seq);
DROP INDEX requests_contract;
CREATE INDEX requests_contract ON requests (contract, created_at DESC, id DESC, outcome, state, targets);
DROP INDEX requests_targets;
CREATE INDEX requests_targets ON requests (created_at DESC, id DESC, outcome, state, targets);
DROP INDEX requests_account;
CREATE INDEX requests_account ON requests (requester_key, created_at DESC, id DESC, contract, outcome, state, targets);
DROP INDEX requests_human;
CREATE INDEX requests_human ON requests (human_key, created_at DESC, id DESC, contract, outcome, state, targets);
DROP INDEX requests_email;
CREATE INDEX requests_email ON requests (email_key, created_at DESC, id DESC, contract, outcome, state, targets);
