-- +goose Up
-- That a request broke the glass is in the log. Nothing reads this column, and whoever
-- writes to the database could take a use off a list that did.
DROP INDEX requests_glass;
ALTER TABLE requests DROP COLUMN break_glass;
