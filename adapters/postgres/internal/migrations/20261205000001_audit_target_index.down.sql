DROP INDEX bailiwick.audit_target;
