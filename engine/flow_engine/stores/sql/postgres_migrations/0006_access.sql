-- readable by: 5
-- Who may do what: personal tokens (the table is of the first version, and nothing has written to it), sessions of the pages, the audit log.
-- A namespace of `*` is every one.

DROP TABLE token;
CREATE TABLE token (
  id TEXT COLLATE "C" PRIMARY KEY,
  name TEXT NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  expires_at DOUBLE PRECISION,
  last_used_at DOUBLE PRECISION,
  revoked_at DOUBLE PRECISION
) WITH (fillfactor = 70);

CREATE TABLE session (
  digest TEXT COLLATE "C" PRIMARY KEY,
  subject TEXT NOT NULL,
  scopes TEXT NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL,
  token TEXT COLLATE "C" NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  expires_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE audit (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at DOUBLE PRECISION NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  way TEXT NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  status INTEGER NOT NULL,
  request TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
