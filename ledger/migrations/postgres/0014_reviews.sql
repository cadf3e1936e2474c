-- +goose Up
-- The review of each week. The log has the digest of each report.
CREATE TABLE reviews (
  until  BIGINT PRIMARY KEY, -- microseconds; the end of its period
  since  BIGINT NOT NULL,
  report TEXT NOT NULL       -- JSON
);
