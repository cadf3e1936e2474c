-- +goose Up
-- People and groups as an identity provider provisions them (SCIM 2.0).
CREATE TABLE directory (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  active   INTEGER NOT NULL, -- 0: what is below says nothing
  groups   INTEGER NOT NULL, -- it knows who is in which group
  required INTEGER NOT NULL  -- a human whom it does not know is nobody
);
INSERT INTO directory (id, active, groups, required) VALUES (1, 0, 0, 0);
CREATE TABLE directory_users (
  id          TEXT PRIMARY KEY,
  person      TEXT NOT NULL, -- the id in this person's tokens
  user_name   TEXT NOT NULL,
  external_id TEXT NOT NULL,
  name        TEXT NOT NULL,
  email       TEXT NOT NULL,
  active      INTEGER NOT NULL,
  attributes  TEXT NOT NULL, -- what else the provider said, JSON
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL,
  deleted_at  BIGINT         -- kept, so that whoever was deleted stays known as one who left
);
CREATE UNIQUE INDEX directory_users_name ON directory_users (lower(user_name)) WHERE deleted_at IS NULL;
CREATE INDEX directory_users_person ON directory_users (person);
CREATE INDEX directory_users_external ON directory_users (external_id);
CREATE TABLE directory_groups (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  external_id TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  changed_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_groups_name ON directory_groups (lower(name));
CREATE TABLE directory_members (
  group_id TEXT NOT NULL REFERENCES directory_groups (id) ON DELETE CASCADE,
  user_id  TEXT NOT NULL REFERENCES directory_users (id),
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX directory_members_user ON directory_members (user_id);
