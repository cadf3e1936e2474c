-- +goose Up
-- What evidence packs are made of: the text of every contract that a plan was
-- made under, and every signed statement about a request.
CREATE TABLE contracts (
  version TEXT PRIMARY KEY, -- sha256 of the text
  name    TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE TABLE statements (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id TEXT NOT NULL REFERENCES requests (id),
  key        TEXT NOT NULL,
  envelope   TEXT NOT NULL -- DSSE, JSON
);
CREATE UNIQUE INDEX statements_once ON statements (request_id, key);
