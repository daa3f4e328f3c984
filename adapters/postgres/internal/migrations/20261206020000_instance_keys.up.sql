-- The keys that sign bundles; the one with the greatest number signs. The private key is
-- encrypted as secrets are, and only the newest one is kept. The public keys stay for ever,
-- so that every bundle that was signed can be verified.
CREATE TABLE bailiwick.instance_keys (
  number     integer PRIMARY KEY,
  id         text NOT NULL UNIQUE,
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  sealed     bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);
