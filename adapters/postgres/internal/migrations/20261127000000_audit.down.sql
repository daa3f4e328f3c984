DROP FUNCTION bailiwick.audit_expire(interval), bailiwick.audit_prepare(integer), bailiwick.settle_next_log(uuid), bailiwick.settle_log(), bailiwick.log_platform(uuid, jsonb), bailiwick.log(uuid, jsonb), bailiwick.audit_append(uuid, uuid, jsonb),
  bailiwick.audit_settle(uuid), bailiwick.audit_link(uuid, uuid, timestamptz, jsonb);
DROP TABLE bailiwick.audit_pending, bailiwick.audit_heads, bailiwick.audit;
