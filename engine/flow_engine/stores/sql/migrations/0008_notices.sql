-- Who is told of what, and what is still to be told (notices/contract.py).

CREATE TABLE notify_rule (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL,
  workflow TEXT,
  sink TEXT NOT NULL,
  created_at REAL NOT NULL,
  UNIQUE (namespace, name)
);

CREATE TABLE notify_event (
  event TEXT NOT NULL,
  rule INTEGER NOT NULL REFERENCES notify_rule (id),
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (event, rule)
) WITHOUT ROWID;

CREATE TABLE notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  rule INTEGER NOT NULL REFERENCES notify_rule (id),
  event TEXT NOT NULL,
  run INTEGER NOT NULL,
  seq INTEGER,
  attempt INTEGER,
  created_at REAL NOT NULL,
  held_by TEXT,
  held_until REAL,
  tries INTEGER NOT NULL DEFAULT 0,
  trouble TEXT,
  failed_at REAL
);
CREATE INDEX notice_waiting ON notice (id) WHERE failed_at IS NULL;
CREATE INDEX notice_of_rule ON notice (rule);
CREATE INDEX notice_of_run ON notice (run);
