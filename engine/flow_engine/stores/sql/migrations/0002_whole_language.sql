-- What the whole language needs: suspended tasks, child runs, deadlines, limited pools, rates, caches, schedules.

ALTER TABLE task ADD COLUMN slots INTEGER NOT NULL DEFAULT 1;
ALTER TABLE task ADD COLUMN deadline_at REAL;
ALTER TABLE task ADD COLUMN awaits TEXT;
ALTER TABLE task ADD COLUMN cache TEXT;
CREATE INDEX task_pool ON task (pool) WHERE pool IS NOT NULL AND state IN ('claimed', 'running');
CREATE INDEX task_suspended ON task (run, seq) WHERE awaits IS NOT NULL AND state = 'waiting';

ALTER TABLE run ADD COLUMN cancel_reason TEXT;
ALTER TABLE run ADD COLUMN based_on TEXT;
ALTER TABLE run ADD COLUMN reopened_at REAL;
CREATE INDEX run_children ON run (parent_run) WHERE parent_run IS NOT NULL;
CREATE INDEX run_running ON run (workflow) WHERE state = 'running';

CREATE TABLE signal (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  payload TEXT NOT NULL,
  sent_at REAL NOT NULL,
  sent_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX signal_by_run ON signal (run, kind, name);

CREATE TABLE pool (
  name TEXT NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  slots INTEGER NOT NULL,
  PRIMARY KEY (namespace, name)
) WITHOUT ROWID;

CREATE TABLE rate (
  key TEXT NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  next_at REAL NOT NULL,
  PRIMARY KEY (namespace, key)
) WITHOUT ROWID;

CREATE TABLE cache (
  digest TEXT NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  workflow TEXT NOT NULL,
  task TEXT NOT NULL,
  key TEXT NOT NULL,
  components TEXT NOT NULL,
  result TEXT NOT NULL,
  run TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL,
  PRIMARY KEY (namespace, digest)
) WITHOUT ROWID;
CREATE INDEX cache_by_task ON cache (namespace, workflow, task, key, created_at);

ALTER TABLE schedule ADD COLUMN folder TEXT NOT NULL DEFAULT '';
ALTER TABLE schedule ADD COLUMN created_at REAL NOT NULL DEFAULT 0;
ALTER TABLE schedule ADD COLUMN since REAL NOT NULL DEFAULT 0;
ALTER TABLE schedule ADD COLUMN held TEXT NOT NULL DEFAULT '[]';
