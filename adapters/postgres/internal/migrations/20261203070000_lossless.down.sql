DROP FUNCTION bailiwick.pinned_json(anyelement);
ALTER TABLE bailiwick.instance DROP COLUMN secrets_moved;
