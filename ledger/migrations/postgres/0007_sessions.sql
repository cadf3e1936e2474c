-- +goose Up
-- Browsers' sessions, so that every server knows them and a restart keeps them.
CREATE TABLE sessions (
  token      TEXT PRIMARY KEY, -- a digest: what is here lets nobody in
  person     TEXT NOT NULL,    -- '' while a login is under way
  data       BYTEA NOT NULL,
  address    TEXT NOT NULL,
  agent      TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (lower(person));
CREATE INDEX sessions_expiry ON sessions (expires_at);
