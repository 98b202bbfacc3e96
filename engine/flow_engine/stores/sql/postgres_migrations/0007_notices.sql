-- readable by: 5
-- Who is told of what, and what is still to be told (notices/contract.py). A notice whose rule was removed meanwhile is nobody's, and goes with
-- its run: a foreign key would fail the transaction of the worker that writes it.

CREATE TABLE notify_rule (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  name TEXT COLLATE "C" NOT NULL,
  workflow TEXT COLLATE "C",
  sink TEXT NOT NULL,
  created_at DOUBLE PRECISION NOT NULL,
  UNIQUE (namespace, name)
);

CREATE TABLE notify_event (
  event TEXT COLLATE "C" NOT NULL,
  rule BIGINT NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (event, rule)
);

CREATE TABLE notice (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  rule BIGINT NOT NULL,
  event TEXT COLLATE "C" NOT NULL,
  run BIGINT NOT NULL,
  seq INTEGER,
  attempt INTEGER,
  created_at DOUBLE PRECISION NOT NULL,
  held_by TEXT COLLATE "C",
  held_until DOUBLE PRECISION,
  tries INTEGER NOT NULL DEFAULT 0,
  trouble TEXT,
  failed_at DOUBLE PRECISION
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX notice_waiting ON notice (id) WHERE failed_at IS NULL;
CREATE INDEX notice_of_rule ON notice (rule);
CREATE INDEX notice_of_run ON notice (run);
