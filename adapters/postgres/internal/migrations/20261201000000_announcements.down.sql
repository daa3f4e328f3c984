DROP FUNCTION bailiwick.announce() CASCADE;
DROP FUNCTION bailiwick.seal_announcement(text, uuid);
ALTER TABLE bailiwick.instance DROP COLUMN announcing_key;
