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
-- the functions below may call it. An entry is never older than the one before
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
  line := (event || jsonb_build_object(
    'seq', head.seq + 1,
    'id', entry,
    'at', to_char(happened AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'tenant_id', nullif(chain, '00000000-0000-0000-0000-000000000000'),
    'tenant_slug', (SELECT t.slug FROM bailiwick.tenants AS t WHERE t.id = chain)))::text;
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
