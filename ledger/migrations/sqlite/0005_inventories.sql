-- +goose Up
-- Lists of what targets have, as their workers signed them: what people may choose.
CREATE TABLE inventories (
  target   TEXT NOT NULL,
  list     TEXT NOT NULL,
  envelope TEXT NOT NULL,
  kept_at  BIGINT NOT NULL,
  PRIMARY KEY (target, list)
);
