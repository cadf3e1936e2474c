-- +goose Up
-- Which keys of workers the servers accept, as a server signed it: one row.
CREATE TABLE worker_keys (
  name     TEXT PRIMARY KEY, -- 'accepted'
  envelope TEXT NOT NULL
);
