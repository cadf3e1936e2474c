-- +goose Up
-- Links, codes and acts are of the users of any other program, not of chat services alone.
ALTER TABLE chat_links RENAME TO external_links;
DROP INDEX chat_links_person;
CREATE INDEX external_links_person ON external_links (service, person_key);
ALTER TABLE chat_codes RENAME TO link_codes;
ALTER TABLE chat_acts RENAME TO external_acts;
DROP INDEX chat_acts_due;
DROP INDEX chat_acts_done;
CREATE INDEX external_acts_due ON external_acts (service, due_at) WHERE done_at IS NULL;
CREATE INDEX external_acts_done ON external_acts (done_at) WHERE done_at IS NOT NULL;
-- Each of these is the number of an event: how far a message, and its thread, have got.
DROP INDEX chat_messages_waiting;
DROP INDEX chat_messages_urgent;
ALTER TABLE chat_messages RENAME COLUMN place TO conversation;
ALTER TABLE chat_messages RENAME COLUMN ref_place TO ref_conversation;
ALTER TABLE chat_messages RENAME COLUMN want TO want_seq;
ALTER TABLE chat_messages RENAME COLUMN sent TO message_seq;
ALTER TABLE chat_messages RENAME COLUMN told TO thread_seq;
ALTER TABLE chat_messages RENAME COLUMN tried TO tried_seq;
CREATE INDEX chat_messages_waiting ON chat_messages (service, due_at) WHERE want_seq > thread_seq OR want_seq > message_seq;
CREATE INDEX chat_messages_urgent ON chat_messages (service, urgent_at) WHERE urgent > message_seq;
