-- +goose Up
-- Checkpoints of the log that witnesses are asked to cosign, and their cosignatures. Who
-- reads them verifies them.
CREATE TABLE witnessed_checkpoints (
  origin   TEXT NOT NULL,
  size     BIGINT NOT NULL,
  signed   TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  PRIMARY KEY (origin, size)
);
CREATE TABLE cosignatures (
  origin      TEXT NOT NULL,
  size        BIGINT NOT NULL,
  witness     TEXT NOT NULL,
  line        TEXT NOT NULL,
  cosigned_at BIGINT NOT NULL,
  PRIMARY KEY (origin, size, witness)
);
