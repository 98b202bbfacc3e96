-- What SQLite and PostgreSQL say in the same words. `?` is a value, `?1` the first.

-- name: keep_plan
INSERT INTO plan (hash, namespace, workflow, bundle, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING

-- name: plan
SELECT bundle FROM plan WHERE hash = ?

-- name: run_by_key
SELECT id, plan_hash, params FROM run WHERE namespace = ? AND idempotency_key = ?

-- name: keep_list
UPDATE task SET item = ?, cursor = ? WHERE run = ? AND seq = ?

-- name: move_cursor
UPDATE task SET cursor = ? WHERE run = ? AND seq = ?

-- name: cancel_requests
SELECT id FROM run WHERE owner = ? AND cancel_requested_at IS NOT NULL AND finished_at IS NULL

-- name: run_columns
SELECT no, id, workflow, plan_hash, params, folder, state, priority, labels, created_at, started_at, finished_at,
  cancel_requested_at, owner, result, error, namespace, parent_run, cancel_reason,
  based_on, reopened_at FROM run

-- name: task_columns
SELECT seq, node, place, state, attempt, failures, losses, CASE WHEN state <> 'succeeded' THEN worker END, ready_at,
  CASE WHEN state <> 'succeeded' THEN claimed_at END, started_at, finished_at,
  item, result, error, log, size, deadline_at, awaits, cache, cursor, override FROM task

-- name: bare_task_columns
SELECT seq, node, place, state, attempt, failures, losses, CASE WHEN state <> 'succeeded' THEN worker END, ready_at,
  CASE WHEN state <> 'succeeded' THEN claimed_at END, started_at, finished_at,
  NULL, NULL, error, log, size, deadline_at, awaits, cache, cursor, override FROM task

-- name: gather
SELECT result FROM task WHERE run = ? AND seq >= ? AND seq < ? AND state = 'succeeded' ORDER BY seq

-- name: tallies
SELECT node, place IS NULL, state, size, count(*) FROM task
WHERE run = ? AND (place IS NULL OR place >= 0) GROUP BY node, place IS NULL, state, size

-- name: attempts
SELECT seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override FROM attempt WHERE run = ?1 AND seq = ?2
UNION ALL
SELECT seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override FROM task
WHERE run = ?1 AND seq = ?2 AND state = 'succeeded' AND worker IS NOT NULL
ORDER BY attempt

-- name: events
SELECT id, at, changes FROM event WHERE run = ? AND id > ? ORDER BY id LIMIT 1000

-- name: last_event
SELECT coalesce(max(id), 0) FROM event WHERE run = ?

-- name: children
SELECT id FROM run WHERE parent_run = ? AND finished_at IS NULL ORDER BY id

-- name: signals
SELECT kind, name, payload, sent_at, sent_by FROM signal WHERE run = ? ORDER BY id

-- name: void_answer
UPDATE signal SET kind = 'void' WHERE run = ? AND kind = 'approval' AND name = ?

-- name: pool_size
SELECT slots FROM pool WHERE namespace = 'default' AND name = ?

-- name: pools
SELECT name, slots FROM pool WHERE namespace = 'default' ORDER BY name

-- name: set_pool
INSERT INTO pool (name, slots) VALUES (?, ?) ON CONFLICT (namespace, name) DO UPDATE SET slots = excluded.slots

-- name: rate
SELECT next_at FROM rate WHERE namespace = 'default' AND key = ?

-- name: cached
SELECT run, result, components, created_at FROM cache
WHERE namespace = 'default' AND digest = ? AND (expires_at IS NULL OR expires_at > ?)

-- name: last_cached
SELECT run, result, components, created_at FROM cache
WHERE namespace = 'default' AND workflow = ?1 AND task = ?2 AND created_at < ?4 ORDER BY key = ?3 DESC, created_at DESC LIMIT 1

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

-- name: workflows
SELECT id, number, workflow, plan_hash, folder, deployed_at, namespace FROM deployed d
WHERE namespace = ? AND number = (SELECT max(number) FROM deployed WHERE id = d.id) ORDER BY id

-- name: versions
SELECT id, number, workflow, plan_hash, folder, deployed_at, namespace FROM deployed WHERE id = ? ORDER BY number DESC LIMIT ?

-- name: put_version
INSERT INTO deployed (id, number, workflow, plan_hash, folder, deployed_at, namespace) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id, number) DO NOTHING

-- name: remove_workflow
DELETE FROM deployed WHERE id = ?

-- name: overrides
SELECT seq, override FROM task WHERE run = ? AND override IS NOT NULL

-- name: letter_columns
SELECT d.id, d.topic, r.namespace, d.run, r.workflow, r.plan_hash, d.seq, t.node, t.place, d.attempt, d.error, d.created_at, r.labels,
  d.replayed_at, d.tries, d.dropped_at, d.exported_at
FROM dead_letter d JOIN run r ON r.id = d.run JOIN task t ON t.run = r.no AND t.seq = d.seq

-- name: backlog
SELECT count(*), min(created_at) FROM dead_letter WHERE exported_at IS NULL

-- name: mail
SELECT l.kind, r.id, l.seq, l.attempt, l.worker, l.text, l.started_at, l.finished_at, l.log
FROM mail l JOIN run r ON r.no = l.run
WHERE r.owner = ? AND r.finished_at IS NULL AND l.kind IN ('room', 'start', 'answer') ORDER BY l.no

-- name: mailbox
SELECT l.kind, r.id, l.seq, l.attempt, l.text, t.node, t.place, t.deadline_at
FROM mail l JOIN run r ON r.no = l.run LEFT JOIN task t ON t.run = l.run AND t.seq = l.seq
WHERE l.worker = ? AND r.finished_at IS NULL ORDER BY l.no

-- name: loans
SELECT r.id, l.seq, l.attempt, l.worker FROM mail l JOIN run r ON r.no = l.run WHERE r.id = ? AND l.kind = 'loan'

-- name: state_of
SELECT state FROM task WHERE run = ? AND seq = ?

-- name: span
SELECT (SELECT min(seq) FROM task WHERE run = ? AND node = ? AND place IS NOT NULL), (SELECT size FROM task WHERE run = ? AND seq = ?)

-- name: count_runs
SELECT state, count(*) FROM run WHERE namespace = 'default' GROUP BY state

-- name: count_open_tasks
SELECT task.state, coalesce(task.pool, ''), count(*) FROM run JOIN task ON task.run = run.no WHERE run.finished_at IS NULL
GROUP BY task.state, coalesce(task.pool, '')

-- name: count_open_letters
SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL AND dropped_at IS NULL

-- name: oldest_queued
SELECT created_at FROM run WHERE namespace = 'default' AND state = 'queued' ORDER BY id LIMIT 1
