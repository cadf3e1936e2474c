-- +goose Up
-- When a grant's hold on an object was made and left, by the database's clock: a grant that
-- has removed what it held, and read back late enough that it is gone, removes nothing again.
ALTER TABLE holders ADD COLUMN made_at BIGINT NOT NULL DEFAULT 0; -- 0 while it may still be on its way to the target
ALTER TABLE holders ADD COLUMN left_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE holders ADD COLUMN handed INTEGER NOT NULL DEFAULT 0; -- 1: others held it when it was left
