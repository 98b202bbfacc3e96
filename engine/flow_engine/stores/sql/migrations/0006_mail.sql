-- What workers leave for each other about tasks that one lends to another (mail.py).

CREATE TABLE mail (
  no INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  text TEXT,
  started_at REAL,
  finished_at REAL,
  log TEXT,
  UNIQUE (run, seq, attempt, worker, kind)
) STRICT;

CREATE INDEX mail_of ON mail (worker);
