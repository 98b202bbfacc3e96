-- readable by: 5
-- Deployed workflows, each with its versions; before, only those with a schedule were kept, and the newest version alone.
-- What a process of an earlier version deploys meanwhile is fired, and is listed as a workflow once it is deployed again.

CREATE TABLE deployed (
  id TEXT COLLATE "C" NOT NULL,
  number INTEGER NOT NULL,
  namespace TEXT COLLATE "C" NOT NULL DEFAULT 'default',
  shard INTEGER NOT NULL DEFAULT 0,
  workflow TEXT COLLATE "C" NOT NULL,
  plan_hash TEXT COLLATE "C" NOT NULL,
  folder TEXT NOT NULL,
  deployed_at DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (id, number)
);
CREATE INDEX deployed_plan ON deployed (plan_hash);
INSERT INTO deployed (id, number, namespace, workflow, plan_hash, folder, deployed_at)
SELECT id, 1, namespace, workflow, plan_hash, folder, created_at FROM schedule;
