-- +goose Up
-- Sets of contracts, by the digest of their files.
CREATE TABLE contract_sets (
  digest TEXT PRIMARY KEY,
  files  TEXT NOT NULL -- a document
);

-- Who has uploaded a set: all of them wrote it, as far as Ramp can know.
CREATE TABLE contract_authors (
  digest    TEXT NOT NULL REFERENCES contract_sets (digest),
  person_id TEXT NOT NULL,
  person    TEXT NOT NULL, -- a document
  PRIMARY KEY (digest, person_id)
);

-- Which set came into force, and after which other. Nothing is believed that is not
-- signed in its record.
CREATE TABLE contracts_in_force (
  line       TEXT NOT NULL, -- source or proposals
  number     BIGINT NOT NULL,
  digest     TEXT NOT NULL,
  grant_name TEXT NOT NULL DEFAULT '',
  taken_at   BIGINT NOT NULL,
  record     TEXT NOT NULL,
  PRIMARY KEY (line, number)
);

-- Grants that may bring a set into force, until they are closed.
CREATE TABLE contract_grants (
  name       TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
