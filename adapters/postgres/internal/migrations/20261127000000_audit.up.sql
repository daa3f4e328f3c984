-- The audit log: of each tenant, and, under the zero id, of what belongs to none.
-- text is an entry as it was written, and hash SHA-256 over the hash of the entry
-- before it and text: an entry that is altered, removed or moved shows. What
-- lists are filtered by is made from text, so that it can't say anything else.
-- By month, so that what is too old goes as a whole.
CREATE TABLE bailiwick.audit (
  tenant_id uuid NOT NULL,
  seq       bigint NOT NULL,
  id        uuid NOT NULL,
  at        timestamptz NOT NULL,
  text      text NOT NULL,
  hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
  action    text NOT NULL GENERATED ALWAYS AS (text::jsonb ->> 'action') STORED,
  actor     text GENERATED ALWAYS AS (text::jsonb #>> '{actor,id}') STORED,
  PRIMARY KEY (tenant_id, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_at ON bailiwick.audit (at, id);
CREATE TABLE bailiwick.audit_rest PARTITION OF bailiwick.audit DEFAULT;

-- Where each chain ends, and where it begins since retention removed something.
CREATE TABLE bailiwick.audit_heads (
  tenant_id  uuid PRIMARY KEY,
  seq        bigint NOT NULL DEFAULT 0,
  hash       bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  at         timestamptz NOT NULL DEFAULT '-infinity',
  first_seq  bigint NOT NULL DEFAULT 0, -- the entry before the oldest that is kept
  first_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
);

-- Entries of transactions with a snapshot of their own, which can't see where the
-- chain ends by then: the next one to append puts them into it.
CREATE TABLE bailiwick.audit_pending (
  tenant_id uuid NOT NULL,
  id        uuid NOT NULL,
  at        timestamptz NOT NULL,
  event     jsonb NOT NULL,
  PRIMARY KEY (tenant_id, at, id)
);

ALTER TABLE bailiwick.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE bailiwick.audit_heads ENABLE ROW LEVEL SECURITY;
CREATE POLICY bailiwick_tenant ON bailiwick.audit FOR SELECT USING (tenant_id = (SELECT bailiwick.current_tenant()));
CREATE POLICY bailiwick_tenant ON bailiwick.audit_heads FOR SELECT USING (tenant_id = (SELECT bailiwick.current_tenant()));

-- Puts one event at the end of a chain whose head the caller holds. Nobody but
-- the functions below may call it. The entry is made of what an entry has and of
-- nothing else: SQL that is injected may log nonsense, but none that can't be read
-- and would spoil the chain for ever. An entry is never older than the one before
-- it, whatever the clock says and however long it waited: so that a month is a
-- stretch of each chain, and the oldest ones can go.
CREATE FUNCTION bailiwick.audit_link(chain uuid, entry uuid, happened timestamptz, event jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  head bailiwick.audit_heads;
  line text;
  seal bytea;
BEGIN
  SELECT * INTO head FROM bailiwick.audit_heads AS h WHERE h.tenant_id = chain;
  happened := greatest(happened, head.at);
  line := jsonb_build_object(
    'seq', head.seq + 1,
    'id', entry,
    'at', to_char(happened AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'tenant_id', nullif(chain, '00000000-0000-0000-0000-000000000000'),
    'tenant_slug', (SELECT t.slug FROM bailiwick.tenants AS t WHERE t.id = chain),
    'actor', jsonb_build_object('kind', coalesce(event #>> '{actor,kind}', ''), 'id', coalesce(event #>> '{actor,id}', ''), 'name', coalesce(event #>> '{actor,name}', '')),
    'action', coalesce(event ->> 'action', ''),
    'target', jsonb_build_object('kind', coalesce(event #>> '{target,kind}', ''), 'name', coalesce(event #>> '{target,name}', '')),
    'request_id', coalesce(event ->> 'request_id', ''),
    'ip', coalesce(event ->> 'ip', ''),
    'outcome', coalesce(event ->> 'outcome', ''),
    'details', CASE jsonb_typeof(event -> 'details') WHEN 'object' THEN event -> 'details' ELSE '{}' END)::text;
  seal := sha256(head.hash || convert_to(line, 'UTF8'));
  INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash) VALUES (chain, head.seq + 1, entry, happened, line, seal);
  UPDATE bailiwick.audit_heads AS h SET seq = head.seq + 1, hash = seal, at = happened WHERE h.tenant_id = chain;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_link(uuid, uuid, timestamptz, jsonb) FROM PUBLIC;

-- Puts what waits into a chain, and holds its head until the transaction ends.
CREATE FUNCTION bailiwick.audit_settle(chain uuid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  waiting bailiwick.audit_pending;
BEGIN
  PERFORM FROM bailiwick.audit_heads AS h WHERE h.tenant_id = chain FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO bailiwick.audit_heads (tenant_id) VALUES (chain) ON CONFLICT DO NOTHING;
    PERFORM FROM bailiwick.audit_heads AS h WHERE h.tenant_id = chain FOR UPDATE;
  END IF;
  FOR waiting IN SELECT * FROM bailiwick.audit_pending AS p WHERE p.tenant_id = chain ORDER BY p.at, p.id LOOP
    PERFORM bailiwick.audit_link(chain, waiting.id, waiting.at, waiting.event);
    DELETE FROM bailiwick.audit_pending AS p WHERE p.tenant_id = chain AND p.at = waiting.at AND p.id = waiting.id;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_settle(uuid) FROM PUBLIC;

CREATE FUNCTION bailiwick.audit_append(chain uuid, entry uuid, event jsonb)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    INSERT INTO bailiwick.audit_pending (tenant_id, id, at, event) VALUES (chain, entry, clock_timestamp(), event);
    RETURN;
  END IF;
  PERFORM bailiwick.audit_settle(chain);
  PERFORM bailiwick.audit_link(chain, entry, clock_timestamp(), event);
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_append(uuid, uuid, jsonb) FROM PUBLIC;

-- Adds to the log of the tenant that the statement is scoped to. This is all that
-- the application's role can do to it.
CREATE FUNCTION bailiwick.log(entry uuid, event jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain uuid := bailiwick.current_tenant();
BEGIN
  IF chain IS NULL THEN
    RAISE EXCEPTION 'an entry of the audit log is of the tenant that the statement is for, and this one is for none' USING ERRCODE = 'BW001';
  END IF;
  PERFORM bailiwick.audit_append(chain, entry, event);
END $$;
REVOKE ALL ON FUNCTION bailiwick.log(uuid, jsonb) FROM PUBLIC;

-- Adds to the log of what belongs to no tenant.
CREATE FUNCTION bailiwick.log_platform(entry uuid, event jsonb)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM bailiwick.audit_append('00000000-0000-0000-0000-000000000000', entry, event);
END $$;
REVOKE ALL ON FUNCTION bailiwick.log_platform(uuid, jsonb) FROM PUBLIC;

-- Puts what waits into the chain of the tenant that the statement is scoped to:
-- for those who are about to read it.
CREATE FUNCTION bailiwick.settle_log()
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain uuid := bailiwick.current_tenant();
BEGIN
  IF EXISTS (SELECT FROM bailiwick.audit_pending AS p WHERE p.tenant_id = chain) THEN
    PERFORM bailiwick.audit_settle(chain);
  END IF;
END $$;
REVOKE ALL ON FUNCTION bailiwick.settle_log() FROM PUBLIC;

-- Puts what waits into the first chain behind a tenant's id for which something
-- does, and answers whose it was; NULL when there is none. One chain in each
-- transaction: who held two would wait for somebody who holds the other.
CREATE FUNCTION bailiwick.settle_next_log(behind uuid)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chain uuid;
BEGIN
  SELECT p.tenant_id INTO chain FROM bailiwick.audit_pending AS p
   WHERE behind IS NULL OR p.tenant_id > behind ORDER BY p.tenant_id LIMIT 1;
  IF chain IS NOT NULL THEN
    PERFORM bailiwick.audit_settle(chain);
  END IF;
  RETURN chain;
END $$;
REVOKE ALL ON FUNCTION bailiwick.settle_next_log(uuid) FROM PUBLIC;

-- Makes the partitions of this month and of those ahead, and answers how many it
-- made. A month of which the partition that catches the rest has entries already
-- stays there. Whoever else does the same is left to it.
CREATE FUNCTION bailiwick.audit_prepare(ahead integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  month timestamp;
  part  text;
  made  integer := 0;
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  IF NOT pg_try_advisory_xact_lock(x'62776b61'::integer, 0) THEN
    RETURN 0;
  END IF;
  FOR n IN 0..least(ahead, 24) LOOP
    month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n);
    part := 'audit_' || to_char(month, 'YYYYMM');
    CONTINUE WHEN to_regclass('bailiwick.' || part) IS NOT NULL OR EXISTS (
      SELECT FROM bailiwick.audit_rest AS r WHERE r.at >= month AT TIME ZONE 'UTC' AND r.at < (month + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('CREATE TABLE bailiwick.%I PARTITION OF bailiwick.audit FOR VALUES FROM (%L) TO (%L)',
      part, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_prepare(integer) FROM PUBLIC;

-- Drops the months that ended longer ago than keep, notes where each chain begins
-- then, and answers what is gone. It holds the end of each chain before it asks
-- for the table, as whoever appends does; and it doesn't make them wait for long.
CREATE FUNCTION bailiwick.audit_expire(keep interval)
RETURNS TABLE (part text, entries bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  oldest timestamp := date_trunc('month', (now() - greatest(keep, interval '0')) AT TIME ZONE 'UTC');
  parts  text[];
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') INTO parts
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
   WHERE i.inhparent = 'bailiwick.audit'::regclass AND c.relname ~ '^audit_[0-9]{6}$' AND c.relname < 'audit_' || to_char(oldest, 'YYYYMM');
  IF cardinality(parts) = 0 AND NOT EXISTS (SELECT FROM bailiwick.audit_rest AS r WHERE r.at < oldest AT TIME ZONE 'UTC') THEN
    RETURN;
  END IF;
  PERFORM FROM bailiwick.audit_heads AS h ORDER BY h.tenant_id FOR UPDATE;
  UPDATE bailiwick.audit_heads AS h SET first_seq = d.seq, first_hash = d.hash
    FROM (SELECT DISTINCT ON (a.tenant_id) a.tenant_id, a.seq, a.hash FROM bailiwick.audit AS a
           WHERE a.at < oldest AT TIME ZONE 'UTC' ORDER BY a.tenant_id, a.seq DESC) AS d
   WHERE d.tenant_id = h.tenant_id;
  FOREACH part IN ARRAY parts LOOP
    EXECUTE format('SELECT count(*) FROM bailiwick.%I', part) INTO entries;
    EXECUTE format('DROP TABLE bailiwick.%I', part);
    RETURN NEXT;
  END LOOP;
  DELETE FROM bailiwick.audit_rest AS r WHERE r.at < oldest AT TIME ZONE 'UTC';
  GET DIAGNOSTICS entries = ROW_COUNT;
  IF entries > 0 THEN
    part := 'audit_rest';
    RETURN NEXT;
  END IF;
END $$;
REVOKE ALL ON FUNCTION bailiwick.audit_expire(interval) FROM PUBLIC;

-- The first months are there before the first entry: one that stands in audit_rest
-- keeps its month there.
SELECT bailiwick.audit_prepare(3);
