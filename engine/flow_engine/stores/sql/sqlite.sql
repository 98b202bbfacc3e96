-- name: keep_plan
INSERT INTO plan (hash, namespace, workflow, bundle, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING

-- name: plan
SELECT bundle FROM plan WHERE hash = ?

-- name: insert_run
INSERT INTO run (id, namespace, shard, plan_hash, workflow, params, folder, state, priority, labels, idempotency_key, owner, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)

-- name: run_by_key
SELECT id, plan_hash, params FROM run WHERE namespace = ? AND idempotency_key = ?

-- name: insert_task
INSERT INTO task (run, seq, node, place, state, attempt, unmet, worker, ready_at, claimed_at, finished_at, item)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_task
UPDATE task SET state = ?, attempt = ?, unmet = ?, worker = ?, ready_at = ?, claimed_at = ?, finished_at = ?,
  started_at = CASE WHEN size IS NULL THEN NULL ELSE started_at END
WHERE run = ? AND seq = ?

-- name: complete_task
UPDATE task SET state = ?, attempt = ?, unmet = ?, worker = ?, ready_at = ?, claimed_at = ?, finished_at = ?,
  started_at = ?, failures = ?, losses = ?, size = ?, result = ?, error = ?, log = ?
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
INSERT INTO dead_letter (run, seq, attempt, error, created_at) VALUES (?, ?, ?, ?, ?)

-- name: owner
SELECT owner, finished_at FROM run WHERE no = ?

-- name: take
UPDATE run SET owner = ? WHERE no = ? AND owner IS ? AND finished_at IS NULL

-- name: abandon
UPDATE run SET owner = NULL WHERE owner = ? AND finished_at IS NULL

-- name: run_starts
UPDATE run SET state = 'running', started_at = ? WHERE no = ? AND state = 'queued'

-- name: run_ends
UPDATE run SET state = ?, result = ?, error = ?, finished_at = ?, owner = NULL WHERE no = ? AND owner = ? AND finished_at IS NULL

-- name: request_cancel
UPDATE run SET cancel_requested_at = coalesce(cancel_requested_at, ?) WHERE no = ? AND finished_at IS NULL

-- name: cancel_requests
SELECT id FROM run WHERE owner = ? AND cancel_requested_at IS NOT NULL AND finished_at IS NULL

-- name: unfinished
SELECT id, owner FROM run INDEXED BY run_unfinished WHERE finished_at IS NULL ORDER BY priority DESC, id LIMIT ?

-- name: run_columns
SELECT no, id, workflow, plan_hash, params, folder, state, priority, labels, created_at, started_at, finished_at,
  cancel_requested_at, owner, result, error, namespace FROM run

-- name: task_columns
SELECT seq, node, place, state, attempt, failures, losses, worker, ready_at, claimed_at, started_at, finished_at,
  item, result, error, log, size FROM task

-- name: gather
SELECT result FROM task WHERE run = ? AND seq >= ? AND seq < ? AND state = 'succeeded' ORDER BY seq

-- name: attempts
SELECT seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log FROM attempt
WHERE run = ? AND seq = ? ORDER BY attempt

-- name: events
SELECT id, at, changes FROM event WHERE run = ? AND id > ? ORDER BY id LIMIT 1000
