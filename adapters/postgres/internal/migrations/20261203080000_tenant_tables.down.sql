DROP FUNCTION bailiwick.purge_leftovers(text[], text[], text);
DROP FUNCTION bailiwick.other_tenant_tables(text[], text[]);
