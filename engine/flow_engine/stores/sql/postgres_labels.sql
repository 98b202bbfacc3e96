-- What tasks need of a worker, and who has it.

-- The labels of new rows that need any, in the transaction that inserts them.
-- name: label_task
UPDATE task SET labels = v.labels
FROM (SELECT labels, CASE run WHEN 0 THEN currval('run_no') ELSE run END AS run, seq
  FROM unnest(?::text[], ?::bigint[], ?::int[]) AS given (labels, run, seq)) AS v
WHERE task.run = v.run AND task.seq = v.seq

-- Of a run that an earlier version has begun: of its tasks, or of their instances where they are a `for`.
-- name: label_nodes
UPDATE task SET labels = v.labels FROM unnest(?::text[], ?::int[], ?::bool[]) AS v (labels, node, loop)
WHERE task.run = ? AND task.node = v.node AND (task.place IS NOT NULL) = v.loop AND task.labels IS NULL

-- Which labels are needed, each set once, however many tasks need it.
-- name: wanted_labels
WITH RECURSIVE known (wanted) AS (
  SELECT min(wanted) FROM task WHERE wanted IS NOT NULL
  UNION ALL
  SELECT (SELECT min(wanted) FROM task WHERE wanted IS NOT NULL AND wanted > known.wanted) FROM known WHERE known.wanted IS NOT NULL
)
SELECT wanted FROM known WHERE wanted IS NOT NULL

-- name: wanted_runs
WITH RECURSIVE found (wanted, no) AS (
  SELECT v.wanted, (SELECT min(run) FROM task WHERE task.wanted IS NOT NULL AND task.wanted = v.wanted)
  FROM unnest(?1::text[]) AS v (wanted)
  UNION ALL
  SELECT found.wanted, (SELECT min(run) FROM task WHERE task.wanted IS NOT NULL AND task.wanted = found.wanted AND run > found.no)
  FROM found WHERE found.no IS NOT NULL
)
SELECT r.id FROM run r WHERE r.no IN (SELECT no FROM found) AND r.finished_at IS NULL AND r.owner IS NOT NULL
  AND EXISTS (SELECT 1 FROM task t WHERE t.wanted IS NOT NULL AND t.wanted = ANY (?1::text[]) AND t.run = r.no
    AND (t.state = 'ready' OR t.ready_at <= extract(epoch FROM clock_timestamp())))
ORDER BY r.priority DESC, r.id LIMIT ?2
