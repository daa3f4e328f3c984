-- Finds the entries about one target, such as the history of a resource. The key is a number,
-- since a name may be longer than an index takes, and row security lets no condition on an
-- expression of text use an index.
ALTER TABLE bailiwick.audit ADD COLUMN target_key bigint GENERATED ALWAYS AS
  (hashtextextended((text::jsonb #>> '{target,kind}') || '/' || (text::jsonb #>> '{target,name}'), 0)) STORED;
CREATE INDEX audit_target ON bailiwick.audit (tenant_id, target_key, seq);
