-- +goose Up
-- What people chose to hear of, and by whose clock. It proves nothing, and switches off
-- nothing that everybody must hear of.
CREATE TABLE notice_choices (
  person_key TEXT PRIMARY KEY,
  email_key  TEXT NOT NULL,  -- of an address that the provider or the directory says is theirs
  choice     TEXT NOT NULL,  -- JSON
  chosen_at  BIGINT NOT NULL
);
CREATE INDEX notice_choices_email ON notice_choices (email_key) WHERE email_key <> '';
CREATE INDEX notices_request ON notices (request_id);
