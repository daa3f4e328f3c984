-- Lists of secrets are in the order of their names, byte by byte.
CREATE INDEX secrets_names ON bailiwick.secrets (tenant_id, name COLLATE "C");
