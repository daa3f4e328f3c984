DROP FUNCTION bailiwick.pinned_json(anyelement);
