ALTER FUNCTION bailiwick.lock_user(uuid) RENAME TO hold_user;
ALTER FUNCTION bailiwick.chain_audit() RENAME TO settle_log;
ALTER FUNCTION bailiwick.chain_next_audit(uuid) RENAME TO settle_next_log;
ALTER FUNCTION bailiwick.lock_quota() RENAME TO take_turns;
