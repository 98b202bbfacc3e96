-- name: whose_id
WHERE id IN (SELECT value FROM json_each(?))

-- name: has_plan
SELECT 1 FROM plan WHERE hash = ?

-- name: insert_run
INSERT INTO run (id, namespace, shard, plan_hash, workflow, params, folder, state, priority, labels, idempotency_key, owner, created_at,
  parent_run, parent_seq, based_on, reopened_at)
VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_task
INSERT INTO task (run, seq, node, place, state, attempt, unmet, worker, ready_at, claimed_at, finished_at, size, deadline_at,
  item, pool, slots)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_fresh_task
INSERT INTO task (run, seq, node, place, state, unmet, item, pool, slots) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_instances
WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < ?9)
INSERT INTO task (run, seq, node, place, state, unmet, pool, slots) SELECT ?1, ?2 + i, ?3, ?4 + i, ?5, ?6, ?7, ?8 FROM numbers

-- name: insert_elements
INSERT INTO task (run, seq, node, place, state, unmet, pool, slots, item)
SELECT ?1, ?2 + key, ?3, ?4 + key, ?5, ?6, ?7, ?8, value FROM json_each(?9)

-- name: leave_mail
INSERT INTO mail (run, seq, attempt, worker, kind, text, started_at, finished_at, log) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: drop_mail
DELETE FROM mail WHERE run = ? AND seq = ? AND attempt = ? AND worker = ?

-- name: claim_task
UPDATE task SET state = 'claimed', attempt = attempt + 1, unmet = 0, worker = ?, ready_at = NULL, claimed_at = ?, finished_at = NULL,
  started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
WHERE run = ? AND seq = ?

-- name: claim_tasks
UPDATE task SET state = 'claimed', attempt = attempt + 1, unmet = 0, worker = ?, ready_at = NULL, claimed_at = ?, finished_at = NULL,
  started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
WHERE run = ? AND seq IN (SELECT value FROM json_each(?))

-- name: ready_task
UPDATE task SET state = 'ready', unmet = 0, worker = NULL, ready_at = NULL, claimed_at = NULL, finished_at = NULL,
  started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
WHERE run = ? AND seq = ?

-- name: ready_tasks
UPDATE task SET state = 'ready', unmet = 0, worker = NULL, ready_at = NULL, claimed_at = NULL, finished_at = NULL,
  started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
WHERE run = ? AND seq IN (SELECT value FROM json_each(?))

-- name: succeed_task
UPDATE task SET state = 'succeeded', ready_at = NULL, finished_at = ?,
  started_at = CASE WHEN awaits IS NULL THEN ? ELSE started_at END, result = ?, error = NULL, log = ?, awaits = NULL, cache = NULL
WHERE run = ? AND seq = ? AND attempt = ? AND worker = ? AND state IN ('claimed', 'running')

-- name: update_task
UPDATE task SET state = ?, attempt = ?, unmet = ?, worker = ?, ready_at = ?, claimed_at = ?, finished_at = ?, size = ?,
  deadline_at = ?, started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
WHERE run = ? AND seq = ?

-- name: complete_task
UPDATE task SET state = ?, attempt = ?, unmet = ?, worker = ?, ready_at = ?, claimed_at = ?, finished_at = ?, size = ?,
  deadline_at = ?, started_at = CASE WHEN awaits IS NULL THEN ? ELSE started_at END, failures = ?, losses = ?, result = ?,
  error = ?, log = ?, awaits = ?, cache = ?
WHERE run = ? AND seq = ? AND attempt = ? AND worker = ? AND state IN ('claimed', 'running')

-- name: start_task
UPDATE task SET state = 'running', started_at = ?, log = ?
WHERE run = ? AND seq = ? AND attempt = ? AND worker = ? AND state = 'claimed'

-- name: insert_attempt
INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (SELECT override FROM task WHERE run = ?1 AND seq = ?2))

-- name: events_of
SELECT e.run, e.id, e.at, e.changes FROM json_each(?) v
JOIN event e ON e.run = json_extract(v.value, '$[0]') AND e.id > json_extract(v.value, '$[1]') ORDER BY e.run, e.id

-- name: insert_event
INSERT INTO event (run, at, changes) VALUES (?, ?, ?)

-- A notice for each rule that asks for it. Without rules it looks into one small index.
-- name: notify_ends
INSERT INTO notice (rule, event, run, created_at)
SELECT u.id, e.event, r.no, ?3 FROM notify_event e JOIN notify_rule u ON u.id = e.rule
JOIN run r ON r.no = ?2 AND r.namespace = u.namespace AND r.parent_run IS NULL
WHERE e.event = ?1
  AND (u.workflow IS NULL OR u.workflow = r.workflow OR substr(r.workflow, -length(u.workflow) - 1) = ':' || u.workflow)

-- Before the row itself is written: one that was looked at waits already.
-- name: notify_of_task
INSERT INTO notice (rule, event, run, seq, attempt, created_at)
SELECT u.id, e.event, r.no, ?3, ?4, ?5 FROM notify_event e JOIN notify_rule u ON u.id = e.rule
JOIN run r ON r.no = ?2 AND r.namespace = u.namespace
WHERE e.event = ?1
  AND (u.workflow IS NULL OR u.workflow = r.workflow OR substr(r.workflow, -length(u.workflow) - 1) = ':' || u.workflow)
  AND (e.event <> 'approval.waiting'
    OR NOT EXISTS (SELECT 1 FROM task t WHERE t.run = r.no AND t.seq = ?3 AND t.awaits IS NOT NULL))

-- name: insert_dead_letter
INSERT INTO dead_letter (run, seq, attempt, topic, error, created_at) VALUES (?, ?, ?, ?, ?, ?)

-- name: owned
SELECT no FROM run WHERE no IN (SELECT value FROM json_each(?)) AND owner = ? AND finished_at IS NULL

-- name: take
UPDATE run SET owner = ? WHERE no = ? AND owner IS ? AND finished_at IS NULL

-- name: abandon
UPDATE run SET owner = NULL WHERE owner = ? AND finished_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM task t WHERE t.run = run.no AND t.state IN ('claimed', 'running'))

-- name: owns
SELECT 1 FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL AND owner = ? LIMIT 1

-- name: run_starts
UPDATE run SET state = 'running', started_at = ? WHERE no = ? AND state = 'queued'

-- name: run_ends
UPDATE run SET state = ?, result = ?, error = ?, finished_at = ?, owner = NULL WHERE no = ? AND owner = ? AND finished_at IS NULL

-- name: request_cancel
UPDATE run SET cancel_requested_at = coalesce(cancel_requested_at, ?), cancel_reason = coalesce(cancel_reason, ?)
WHERE no = ? AND finished_at IS NULL

-- name: unfinished
SELECT id, owner FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL ORDER BY priority DESC, id

-- name: owners
SELECT DISTINCT owner FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL AND owner IS NOT NULL

-- name: workflows_called
WITH RECURSIVE known (workflow) AS (
  SELECT min(workflow) FROM run WHERE namespace = ?1
  UNION ALL
  SELECT (SELECT min(workflow) FROM run WHERE namespace = ?1 AND workflow > known.workflow) FROM known WHERE known.workflow IS NOT NULL
)
SELECT workflow FROM known WHERE workflow = ?2 OR substr(workflow, -length(?2) - 1) = ':' || ?2

-- name: send_signal
INSERT INTO signal (run, kind, name, payload, sent_at, sent_by) VALUES (?, ?, ?, ?, ?, ?)

-- name: arrivals
SELECT r.id, t.seq FROM run r JOIN task t ON t.run = r.no
WHERE r.owner = ? AND r.finished_at IS NULL AND t.awaits IS NOT NULL AND t.state = 'waiting' AND (
  EXISTS (SELECT 1 FROM signal s WHERE s.run = r.no AND s.kind = t.awaits ->> 0 AND s.name = t.awaits ->> 1)
  OR (t.awaits ->> 0 = 'child' AND EXISTS (SELECT 1 FROM run c WHERE c.id = t.awaits ->> 1 AND c.finished_at IS NOT NULL)))

-- name: pool_slots
SELECT r.owner, sum(t.slots) FROM task t JOIN run r ON r.no = t.run
WHERE t.pool = ? AND t.pool IS NOT NULL AND t.state IN ('claimed', 'running') GROUP BY r.owner

-- name: running
SELECT count(*) FROM run WHERE workflow = ? AND state = 'running'

-- name: set_rate
INSERT INTO rate (key, next_at) VALUES (?, ?) ON CONFLICT (namespace, key) DO UPDATE SET next_at = excluded.next_at

-- name: keep_cached
INSERT INTO cache (digest, workflow, task, key, components, result, run, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, digest) DO UPDATE SET result = excluded.result, run = excluded.run, created_at = excluded.created_at,
  expires_at = excluded.expires_at

-- name: take_over_task
UPDATE task SET attempt = ?, started_at = ?, finished_at = ?, item = ?, result = ?, cache = ? WHERE run = ? AND seq = ?

-- name: keep_attempts
INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override)
SELECT run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override FROM task
WHERE run = ? AND seq IN (SELECT value FROM json_each(?)) AND state = 'succeeded' AND worker IS NOT NULL

-- name: reopen_task
UPDATE task SET state = ?, size = ?, place = ?, failures = 0, losses = 0, worker = NULL, ready_at = NULL, claimed_at = NULL,
  started_at = NULL, finished_at = NULL, result = NULL, error = NULL, log = NULL, deadline_at = NULL, awaits = NULL, cache = NULL
WHERE run = ? AND seq = ?

-- name: override_task
UPDATE task SET override = ? WHERE run = ? AND seq = ?

-- name: answered_letters
SELECT seq, attempt, replayed_at, dropped_at FROM dead_letter WHERE run = ? AND seq IN (SELECT value FROM json_each(?))

-- name: replay_letters
UPDATE dead_letter SET replayed_at = ?
WHERE run = ? AND seq IN (SELECT value FROM json_each(?)) AND replayed_at IS NULL AND dropped_at IS NULL

-- name: reopen_run
UPDATE run SET state = 'queued', finished_at = NULL, result = NULL, error = NULL, cancel_requested_at = NULL, cancel_reason = NULL,
  owner = ?, reopened_at = ? WHERE no = ? AND state IN ('failed', 'cancelled')

-- name: scheduled_runs
SELECT id FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL AND namespace = ?
  AND substr(idempotency_key, 1, ?) = ? AND NOT EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)
ORDER BY id
