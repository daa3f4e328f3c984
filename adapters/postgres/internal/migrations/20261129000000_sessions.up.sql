-- Sessions of users, on the server. Of a secret only its SHA-256 is kept; of the
-- one before the last renewal, as long as it may still be used. Only the system
-- role comes here: nothing of it is a tenant's.
CREATE TABLE bailiwick.sessions (
  id           uuid PRIMARY KEY,
  user_id      uuid NOT NULL REFERENCES bailiwick.users (id) ON DELETE CASCADE,
  hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  former       bytea UNIQUE CHECK (octet_length(former) = 32),
  former_until timestamptz CHECK ((former IS NULL) = (former_until IS NULL)),
  rights       bytea NOT NULL CHECK (octet_length(rights) = 32), -- a digest of what the user might do when the secret was issued
  created_at   timestamptz NOT NULL,
  seen_at      timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  address      text NOT NULL,
  agent        text NOT NULL
);
CREATE INDEX sessions_user ON bailiwick.sessions (user_id, created_at DESC, id DESC);

-- Accounts at OpenID providers, and whose they are.
CREATE TABLE bailiwick.identities (
  issuer   text COLLATE "C" NOT NULL,
  subject  text COLLATE "C" NOT NULL,
  user_id  uuid NOT NULL REFERENCES bailiwick.users (id) ON DELETE CASCADE,
  bound_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject),
  UNIQUE (user_id, issuer)
);

-- Attempts at what can be guessed, counted by the SHA-256 of what they are made
-- at. After a crash of the server all are free again.
CREATE UNLOGGED TABLE bailiwick.attempts (
  subject   bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
  count     integer NOT NULL DEFAULT 0,
  open_at   timestamptz NOT NULL DEFAULT '-infinity',
  forget_at timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX attempts_forget ON bailiwick.attempts (forget_at);
