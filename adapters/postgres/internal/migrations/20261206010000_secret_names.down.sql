DROP INDEX bailiwick.secrets_names;
