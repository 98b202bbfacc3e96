-- The labels that a task needs (JSON, in order; NULL for none), and those that a worker has. An earlier Flow would not heed them.
-- `wanted` rewrites the table once. It is empty unless such a row is ready or will be by time alone, so that others still change within their
-- pages.

ALTER TABLE task ADD COLUMN labels TEXT COLLATE "C";
ALTER TABLE task ADD COLUMN wanted TEXT COLLATE "C"
  GENERATED ALWAYS AS (CASE WHEN state = 'ready' OR (state = 'waiting' AND awaits IS NULL) THEN labels END) STORED;
CREATE INDEX task_wanted ON task (wanted, run) WHERE wanted IS NOT NULL;
ALTER TABLE worker ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
