-- What workers leave for each other about tasks that one lends to another (mail.py).

CREATE TABLE mail (
  no BIGINT GENERATED ALWAYS AS IDENTITY,
  run BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  text TEXT,
  started_at DOUBLE PRECISION,
  finished_at DOUBLE PRECISION,
  log TEXT,
  PRIMARY KEY (run, seq, attempt, worker, kind)
) WITH (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

CREATE INDEX mail_of ON mail (worker);

-- What a queue says too that has all hints of this state (queues/reconcile.py).
CREATE TABLE queue (epoch TEXT NOT NULL);
INSERT INTO queue VALUES (gen_random_uuid()::text);
