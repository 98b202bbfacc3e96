-- The tables of engine.md's "Data". Times are seconds since the epoch (REAL); JSON is TEXT.
-- namespace and shard stand in every row, so that the same model can be split over servers later.

CREATE TABLE plan (
  hash TEXT PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  workflow TEXT NOT NULL,
  bundle TEXT NOT NULL,
  created_at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE run (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  plan_hash TEXT NOT NULL REFERENCES plan (hash),
  workflow TEXT NOT NULL,
  params TEXT NOT NULL,
  folder TEXT NOT NULL,
  state TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 0,
  labels TEXT NOT NULL DEFAULT '[]',
  idempotency_key TEXT,
  parent_run TEXT,
  parent_seq INTEGER,
  owner TEXT,
  created_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL,
  cancel_requested_at REAL,
  result TEXT,
  error TEXT,
  UNIQUE (namespace, idempotency_key)
);
CREATE INDEX run_unfinished ON run (priority DESC, id) WHERE finished_at IS NULL;
CREATE INDEX run_by_state ON run (namespace, state, id);
CREATE INDEX run_by_workflow ON run (namespace, workflow, id);

CREATE TABLE task (
  run INTEGER NOT NULL REFERENCES run (no),
  seq INTEGER NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  node INTEGER NOT NULL,
  place INTEGER,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  losses INTEGER NOT NULL DEFAULT 0,
  unmet INTEGER NOT NULL DEFAULT 0,
  size INTEGER,
  cursor INTEGER,
  pool TEXT,
  worker TEXT,
  ready_at REAL,
  claimed_at REAL,
  started_at REAL,
  finished_at REAL,
  item TEXT,
  result TEXT,
  error TEXT,
  log TEXT,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;

CREATE TABLE attempt (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  lost INTEGER NOT NULL DEFAULT 0,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  worker TEXT NOT NULL,
  state TEXT NOT NULL,
  claimed_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL NOT NULL,
  error TEXT,
  log TEXT,
  PRIMARY KEY (run, seq, attempt)
) WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  at REAL NOT NULL,
  changes TEXT NOT NULL
);
CREATE INDEX event_by_run ON event (run, id);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  run TEXT NOT NULL,
  run_sequence INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at REAL NOT NULL,
  claimed_by TEXT,
  claimed_at REAL
);

CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  topic TEXT NOT NULL DEFAULT 'flow.dead_letters',
  error TEXT NOT NULL,
  created_at REAL NOT NULL,
  replayed_at REAL,
  UNIQUE (run, seq, attempt)
);

CREATE TABLE worker (
  incarnation TEXT PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  started_at REAL NOT NULL,
  heartbeat_at REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE schedule (
  id TEXT PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  workflow TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  spec TEXT NOT NULL,
  paused_at REAL,
  last_fired_at REAL
) WITHOUT ROWID;

CREATE TABLE token (
  id TEXT PRIMARY KEY,
  namespace TEXT NOT NULL DEFAULT 'default',
  digest TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at REAL NOT NULL,
  expires_at REAL,
  revoked_at REAL
) WITHOUT ROWID;
