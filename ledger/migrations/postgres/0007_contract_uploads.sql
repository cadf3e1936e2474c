-- +goose Up
-- Who has uploaded a set of contracts: all of them wrote it, as far as Ramp can know. The
-- row says nothing that its record, which a server signed, does not say; it outlives the
-- files.
DROP TABLE contract_authors;
CREATE TABLE contract_uploads (
  id          TEXT PRIMARY KEY, -- digest of the set, and how many people had uploaded it then
  digest      TEXT NOT NULL,
  person_key  TEXT NOT NULL,
  uploaded_at BIGINT NOT NULL, -- by this person, the last time
  record      TEXT NOT NULL
);
CREATE INDEX contract_uploads_set ON contract_uploads (digest);
CREATE INDEX contract_uploads_person ON contract_uploads (person_key, uploaded_at);
-- When a set that nobody has proposed is forgotten; NULL once somebody has, or it is in force.
ALTER TABLE contract_sets ADD COLUMN forget_at BIGINT;
CREATE INDEX contract_sets_forget ON contract_sets (forget_at) WHERE forget_at IS NOT NULL;
