-- +goose Up
-- Whether targets can be used, as their workers signed it: one row for each worker process.
CREATE TABLE target_states (
  target   TEXT NOT NULL,
  worker   TEXT NOT NULL,
  envelope TEXT NOT NULL,
  kept_at  BIGINT NOT NULL,
  PRIMARY KEY (target, worker)
);
