-- Who may do what: personal tokens (the table is of the first version, and nothing has written to it), sessions of the pages, the audit log.
-- A namespace of `*` is every one.

DROP TABLE token;
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  namespace TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL,
  last_used_at REAL,
  revoked_at REAL
) WITHOUT ROWID;

CREATE TABLE session (
  digest TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  scopes TEXT NOT NULL,
  namespace TEXT NOT NULL,
  token TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  subject TEXT NOT NULL,
  way TEXT NOT NULL,
  namespace TEXT NOT NULL,
  address TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  status INTEGER NOT NULL,
  request TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
