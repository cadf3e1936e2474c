-- +goose Up
-- The largest checkpoint of the log that a server has signed, for those who keep it
-- elsewhere. The servers' own copy is beside their key.
CREATE TABLE checkpoints (
  origin  TEXT PRIMARY KEY,
  size    BIGINT NOT NULL,
  signed  TEXT NOT NULL,
  kept_at BIGINT NOT NULL
);
