-- +goose Up
-- How often a grant that the ledger called closed was made one that is not: each closing has an event of its own.
ALTER TABLE grants ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
