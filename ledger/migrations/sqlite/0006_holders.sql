-- +goose Up
-- Who holds what grants have to share on a target. What a grant has left stays
-- as gone: it does not come back, and is removed again if it is found.
CREATE TABLE holders (
  target     TEXT NOT NULL,
  object     TEXT NOT NULL,
  grant_name TEXT NOT NULL,
  state      TEXT NOT NULL, -- holds, leaving, gone
  PRIMARY KEY (target, object, grant_name)
);
CREATE INDEX holders_of_grant ON holders (target, grant_name);
