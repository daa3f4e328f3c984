DROP FUNCTION bailiwick.sample_secrets();
ALTER TABLE bailiwick.instance DROP COLUMN secrets_check;
