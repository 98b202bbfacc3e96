-- name: keep_plan
INSERT INTO plan (hash, namespace, workflow, bundle, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING

-- name: has_plan
SELECT 1 FROM plan WHERE hash = ?

-- name: plan
SELECT bundle FROM plan WHERE hash = ?

-- name: insert_run
INSERT INTO run (id, namespace, shard, plan_hash, workflow, params, folder, state, priority, labels, idempotency_key, owner, created_at,
  parent_run, parent_seq, based_on)
VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)

-- name: run_by_key
SELECT id, plan_hash, params FROM run WHERE namespace = ? AND idempotency_key = ?

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

-- name: keep_list
UPDATE task SET item = ?, cursor = ? WHERE run = ? AND seq = ?

-- name: move_cursor
UPDATE task SET cursor = ? WHERE run = ? AND seq = ?

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
INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_event
INSERT INTO event (run, at, changes) VALUES (?, ?, ?)

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

-- name: cancel_requests
SELECT id FROM run WHERE owner = ? AND cancel_requested_at IS NOT NULL AND finished_at IS NULL

-- name: unfinished
SELECT id, owner FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL ORDER BY priority DESC, id

-- name: owners
SELECT DISTINCT owner FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL AND owner IS NOT NULL

-- name: run_columns
SELECT no, id, workflow, plan_hash, params, folder, state, priority, labels, created_at, started_at, finished_at,
  cancel_requested_at, owner, result, error, namespace, parent_run, cancel_reason,
  based_on, reopened_at FROM run

-- name: workflows_called
WITH RECURSIVE known (workflow) AS (
  SELECT min(workflow) FROM run WHERE namespace = ?1
  UNION ALL
  SELECT (SELECT min(workflow) FROM run WHERE namespace = ?1 AND workflow > known.workflow) FROM known WHERE known.workflow IS NOT NULL
)
SELECT workflow FROM known WHERE workflow = ?2 OR substr(workflow, -length(?2) - 1) = ':' || ?2

-- name: task_columns
SELECT seq, node, place, state, attempt, failures, losses, iif(state = 'succeeded', NULL, worker), ready_at,
  iif(state = 'succeeded', NULL, claimed_at), started_at, finished_at,
  item, result, error, log, size, deadline_at, awaits, cache, cursor FROM task

-- name: bare_task_columns
SELECT seq, node, place, state, attempt, failures, losses, iif(state = 'succeeded', NULL, worker), ready_at,
  iif(state = 'succeeded', NULL, claimed_at), started_at, finished_at,
  NULL, NULL, error, log, size, deadline_at, awaits, cache, cursor FROM task

-- name: gather
SELECT result FROM task WHERE run = ? AND seq >= ? AND seq < ? AND state = 'succeeded' ORDER BY seq

-- name: attempts
SELECT seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log FROM attempt WHERE run = ?1 AND seq = ?2
UNION ALL
SELECT seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log FROM task
WHERE run = ?1 AND seq = ?2 AND state = 'succeeded' AND worker IS NOT NULL
ORDER BY attempt

-- name: events
SELECT id, at, changes FROM event WHERE run = ? AND id > ? ORDER BY id LIMIT 1000


-- name: children
SELECT id FROM run WHERE parent_run = ? AND finished_at IS NULL ORDER BY id

-- name: send_signal
INSERT INTO signal (run, kind, name, payload, sent_at, sent_by) VALUES (?, ?, ?, ?, ?, ?)

-- name: signals
SELECT kind, name, payload, sent_at, sent_by FROM signal WHERE run = ? ORDER BY id

-- name: void_answer
UPDATE signal SET kind = 'void' WHERE run = ? AND kind = 'approval' AND name = ?

-- name: arrivals
SELECT r.id, t.seq FROM run r JOIN task t ON t.run = r.no
WHERE r.owner = ? AND r.finished_at IS NULL AND t.awaits IS NOT NULL AND t.state = 'waiting' AND (
  EXISTS (SELECT 1 FROM signal s WHERE s.run = r.no AND s.kind = t.awaits ->> 0 AND s.name = t.awaits ->> 1)
  OR (t.awaits ->> 0 = 'child' AND EXISTS (SELECT 1 FROM run c WHERE c.id = t.awaits ->> 1 AND c.finished_at IS NOT NULL)))

-- name: tallies
SELECT node, place IS NULL, state, size, count(*) FROM task
WHERE run = ? AND (place IS NULL OR place >= 0) GROUP BY node, place IS NULL, state, size

-- name: pool_size
SELECT slots FROM pool WHERE namespace = 'default' AND name = ?

-- name: pools
SELECT name, slots FROM pool WHERE namespace = 'default' ORDER BY name

-- name: set_pool
INSERT INTO pool (name, slots) VALUES (?, ?) ON CONFLICT (namespace, name) DO UPDATE SET slots = excluded.slots

-- name: pool_slots
SELECT r.owner, sum(t.slots) FROM task t JOIN run r ON r.no = t.run
WHERE t.pool = ? AND t.pool IS NOT NULL AND t.state IN ('claimed', 'running') GROUP BY r.owner

-- name: running
SELECT owner, count(*) FROM run WHERE workflow = ? AND state = 'running' GROUP BY owner

-- name: rate
SELECT next_at FROM rate WHERE namespace = 'default' AND key = ?

-- name: set_rate
INSERT INTO rate (key, next_at) VALUES (?, ?) ON CONFLICT (namespace, key) DO UPDATE SET next_at = excluded.next_at

-- name: cached
SELECT run, result, components, created_at FROM cache
WHERE namespace = 'default' AND digest = ? AND (expires_at IS NULL OR expires_at > ?)

-- name: last_cached
SELECT run, result, components, created_at FROM cache
WHERE namespace = 'default' AND workflow = ?1 AND task = ?2 AND created_at < ?4 ORDER BY key = ?3 DESC, created_at DESC LIMIT 1

-- name: keep_cached
INSERT INTO cache (digest, workflow, task, key, components, result, run, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, digest) DO UPDATE SET result = excluded.result, run = excluded.run, created_at = excluded.created_at,
  expires_at = excluded.expires_at

-- name: take_over_task
UPDATE task SET attempt = ?, started_at = ?, finished_at = ?, item = ?, result = ?, cache = ? WHERE run = ? AND seq = ?

-- name: keep_attempts
INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log)
SELECT run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log FROM task
WHERE run = ? AND seq IN (SELECT value FROM json_each(?)) AND state = 'succeeded' AND worker IS NOT NULL

-- name: reopen_task
UPDATE task SET state = ?, size = ?, place = ?, failures = 0, losses = 0, worker = NULL, ready_at = NULL, claimed_at = NULL,
  started_at = NULL, finished_at = NULL, result = NULL, error = NULL, log = NULL, deadline_at = NULL, awaits = NULL, cache = NULL
WHERE run = ? AND seq = ?

-- name: reopen_run
UPDATE run SET state = 'queued', finished_at = NULL, result = NULL, error = NULL, cancel_requested_at = NULL, cancel_reason = NULL,
  owner = ?, reopened_at = ? WHERE no = ? AND state IN ('failed', 'cancelled')

-- name: replay_letters
UPDATE dead_letter SET replayed_at = ? WHERE run = ? AND replayed_at IS NULL

-- name: schedules
SELECT id, workflow, plan_hash, folder, spec, created_at, since, held, paused_at, last_fired_at, namespace FROM schedule
WHERE namespace = ? ORDER BY id

-- name: schedule
SELECT id, workflow, plan_hash, folder, spec, created_at, since, held, paused_at, last_fired_at, namespace FROM schedule WHERE id = ?

-- name: put_schedule
INSERT INTO schedule (id, workflow, plan_hash, folder, spec, created_at, since, held, paused_at, last_fired_at, namespace)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET plan_hash = excluded.plan_hash, folder = excluded.folder, spec = excluded.spec,
  since = excluded.since, held = excluded.held, paused_at = excluded.paused_at, last_fired_at = excluded.last_fired_at

-- name: remove_schedule
DELETE FROM schedule WHERE id = ?

-- name: scheduled_runs
SELECT id FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL AND namespace = ?
  AND substr(idempotency_key, 1, ?) = ? AND NOT EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)
ORDER BY id
