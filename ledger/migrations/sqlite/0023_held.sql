-- +goose Up
-- A look at a target reads what its grants hold now, and most of what was ever held is
-- released: the index has only the rest.
CREATE INDEX holders_held ON holders (target, object, grant_name) WHERE state <> 'released';
