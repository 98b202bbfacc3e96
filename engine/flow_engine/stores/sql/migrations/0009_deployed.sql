-- Deployed workflows, each with its versions; before, only those with a schedule were kept, and the newest version alone.

CREATE TABLE deployed (
  id TEXT NOT NULL,
  number INTEGER NOT NULL,
  namespace TEXT NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  workflow TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  folder TEXT NOT NULL,
  deployed_at REAL NOT NULL,
  PRIMARY KEY (id, number)
) WITHOUT ROWID;
CREATE INDEX deployed_plan ON deployed (plan_hash);
INSERT INTO deployed (id, number, namespace, workflow, plan_hash, folder, deployed_at)
SELECT id, 1, namespace, workflow, plan_hash, folder, created_at FROM schedule;
