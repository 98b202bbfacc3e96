-- The tables of the SQLite state, for PostgreSQL, in the schema `flow`. Times are seconds since the epoch; JSON is TEXT, as it was written.
-- Texts sort by their bytes. No index of `task` names its state, so that an update of a task stays in its page (HOT); what is looked for by
-- state has a generated column that is empty for all other rows.

CREATE SEQUENCE run_no AS bigint;

CREATE TABLE plan (
  hash TEXT COLLATE "C" PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  workflow TEXT COLLATE "C" NOT NULL,
  bundle TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE run (
  no BIGINT PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  plan_hash TEXT COLLATE "C" NOT NULL,
  workflow TEXT COLLATE "C" NOT NULL,
  params TEXT NOT NULL,
  folder TEXT NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  priority INTEGER NOT NULL DEFAULT 0,
  labels TEXT NOT NULL DEFAULT '[]',
  idempotency_key TEXT COLLATE "C",
  parent_run TEXT COLLATE "C",
  parent_seq INTEGER,
  owner TEXT COLLATE "C",
  created_at DOUBLE PRECISION NOT NULL,
  started_at DOUBLE PRECISION,
  finished_at DOUBLE PRECISION,
  cancel_requested_at DOUBLE PRECISION,
  cancel_reason TEXT,
  result TEXT,
  error TEXT,
  based_on TEXT COLLATE "C",
  reopened_at DOUBLE PRECISION,
  CONSTRAINT run_idempotency UNIQUE (namespace, idempotency_key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX run_unfinished ON run (priority DESC, id) WHERE finished_at IS NULL;
CREATE INDEX run_owned ON run (owner) WHERE finished_at IS NULL;
CREATE INDEX run_by_state ON run (namespace, state, id);
CREATE INDEX run_by_workflow ON run (namespace, workflow, id);
CREATE INDEX run_children ON run (parent_run) WHERE parent_run IS NOT NULL;
CREATE INDEX run_running ON run (workflow) WHERE state = 'running';

CREATE TABLE task (
  run BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  node INTEGER NOT NULL,
  place INTEGER,
  state TEXT COLLATE "C" NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  losses INTEGER NOT NULL DEFAULT 0,
  unmet INTEGER NOT NULL DEFAULT 0,
  size INTEGER,
  cursor INTEGER,
  pool TEXT COLLATE "C",
  slots INTEGER NOT NULL DEFAULT 1,
  worker TEXT COLLATE "C",
  ready_at DOUBLE PRECISION,
  claimed_at DOUBLE PRECISION,
  started_at DOUBLE PRECISION,
  finished_at DOUBLE PRECISION,
  deadline_at DOUBLE PRECISION,
  item TEXT,
  result TEXT,
  error TEXT,
  log TEXT,
  awaits TEXT,
  cache TEXT,
  held TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN state IN ('claimed', 'running') THEN pool END) STORED,
  suspended BOOLEAN GENERATED ALWAYS AS (CASE WHEN state = 'waiting' AND awaits IS NOT NULL THEN true END) STORED,
  PRIMARY KEY (run, seq)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE INDEX task_held ON task (held) WHERE held IS NOT NULL;
CREATE INDEX task_suspended ON task (run) WHERE suspended IS NOT NULL;

CREATE TABLE attempt (
  run BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  lost INTEGER NOT NULL DEFAULT 0,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  worker TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  claimed_at DOUBLE PRECISION NOT NULL,
  started_at DOUBLE PRECISION,
  finished_at DOUBLE PRECISION NOT NULL,
  error TEXT,
  log TEXT,
  PRIMARY KEY (run, seq, attempt)
);

CREATE TABLE event (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  run BIGINT NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  at DOUBLE PRECISION NOT NULL,
  changes TEXT NOT NULL,
  PRIMARY KEY (run, id)
);

CREATE TABLE outbox (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  run TEXT COLLATE "C" NOT NULL,
  run_sequence INTEGER NOT NULL,
  topic TEXT COLLATE "C" NOT NULL,
  payload TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  claimed_by TEXT COLLATE "C",
  claimed_at DOUBLE PRECISION
);

CREATE TABLE dead_letter (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  run TEXT COLLATE "C" NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  topic TEXT COLLATE "C" NOT NULL DEFAULT 'flow.dead_letters',
  error TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  replayed_at DOUBLE PRECISION,
  UNIQUE (run, seq, attempt)
);

-- One row for each living worker; its heartbeat is by the clock of this server.
CREATE TABLE worker (
  incarnation TEXT COLLATE "C" PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE schedule (
  id TEXT COLLATE "C" PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  workflow TEXT COLLATE "C" NOT NULL,
  plan_hash TEXT COLLATE "C" NOT NULL,
  folder TEXT NOT NULL DEFAULT '',
  spec TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL DEFAULT 0,
  since DOUBLE PRECISION NOT NULL DEFAULT 0,
  held TEXT NOT NULL DEFAULT '[]',
  paused_at DOUBLE PRECISION,
  last_fired_at DOUBLE PRECISION
);

CREATE TABLE token (
  id TEXT COLLATE "C" PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  digest TEXT COLLATE "C" NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  expires_at DOUBLE PRECISION,
  revoked_at DOUBLE PRECISION
);

-- `awaited` is how `awaits` of a task begins that waits for this: JSON is compared as it was written, since PostgreSQL's own refuses some
-- texts that Python writes.
CREATE TABLE signal (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run BIGINT NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  awaited TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  payload TEXT NOT NULL,
  sent_at DOUBLE PRECISION NOT NULL,
  sent_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX signal_by_run ON signal (run, kind, name);

CREATE TABLE pool (
  name TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  slots INTEGER NOT NULL,
  PRIMARY KEY (namespace, name)
);

CREATE TABLE rate (
  key TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  next_at DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (namespace, key)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE cache (
  digest TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  workflow TEXT COLLATE "C" NOT NULL,
  task TEXT COLLATE "C" NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  components TEXT NOT NULL,
  result TEXT NOT NULL,
  run TEXT COLLATE "C" NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  expires_at DOUBLE PRECISION,
  PRIMARY KEY (namespace, digest)
);
CREATE INDEX cache_by_task ON cache (namespace, workflow, task, key, created_at);
CREATE INDEX cache_by_run ON cache (run);

-- Each handle's last transaction: `kept` is the number of the last that was committed, `number` the last that may still be.
CREATE TABLE mark (
  handle TEXT COLLATE "C" PRIMARY KEY,
  number BIGINT NOT NULL,
  kept BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- Refuses the commit where a statement has changed other rows than it was to.
CREATE FUNCTION expect_rows(changed BIGINT, expected BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF changed <> expected THEN
    RAISE EXCEPTION 'changed % rows, expected %', changed, expected USING ERRCODE = 'FL001';
  END IF;
END $$;
