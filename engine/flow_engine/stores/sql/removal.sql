-- name: workflows
SELECT DISTINCT namespace, workflow FROM run ORDER BY namespace, workflow

-- name: nth_newest
SELECT id FROM run WHERE namespace = ? AND workflow = ? AND parent_run IS NULL ORDER BY id DESC LIMIT 1 OFFSET ?

-- name: old_runs
SELECT id, no, finished_at, EXISTS (SELECT 1 FROM run c WHERE c.parent_run = run.id) FROM run
WHERE namespace = ? AND workflow = ? AND id > ? AND id < ? AND finished_at < ? AND parent_run IS NULL
ORDER BY id LIMIT ?

-- name: tree
WITH RECURSIVE tree (no, id, finished_at) AS (
  SELECT no, id, finished_at FROM run WHERE id = ?
  UNION ALL
  SELECT c.no, c.id, c.finished_at FROM run c JOIN tree ON c.parent_run = tree.id
)
SELECT no, id, finished_at FROM tree

-- name: newest_number
SELECT max(no) FROM run

-- name: count_tasks
SELECT run, count(*) FROM task WHERE run IN (SELECT value FROM json_each(?)) GROUP BY run

-- name: remove_tasks
DELETE FROM task WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_attempts
DELETE FROM attempt WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_events
DELETE FROM event WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_signals
DELETE FROM signal WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_mail
DELETE FROM mail WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_notices
DELETE FROM notice WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_runs
DELETE FROM run WHERE no IN (SELECT value FROM json_each(?))

-- name: awaited_letters
SELECT DISTINCT run FROM dead_letter WHERE exported_at IS NULL AND tries > 0 AND run IN (SELECT value FROM json_each(?))

-- name: remove_letters
DELETE FROM dead_letter WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_cached
DELETE FROM cache WHERE run IN (SELECT value FROM json_each(?))

-- name: remove_expired
DELETE FROM cache WHERE expires_at < ?

-- name: unused_plans
SELECT hash FROM plan WHERE hash NOT IN (
  SELECT plan_hash FROM run WHERE no NOT IN (SELECT value FROM json_each(?)) UNION SELECT plan_hash FROM schedule UNION SELECT plan_hash FROM deployed)

-- name: remove_plans
DELETE FROM plan WHERE hash IN (SELECT value FROM json_each(?1))
  AND hash NOT IN (SELECT plan_hash FROM run UNION SELECT plan_hash FROM schedule
    UNION SELECT plan_hash FROM deployed)

-- name: known_runs
SELECT id FROM run WHERE id IN (SELECT value FROM json_each(?))

-- name: first_claim
SELECT min(t.claimed_at) FROM run r JOIN task t ON t.run = r.no
WHERE r.finished_at IS NULL AND t.state IN ('claimed', 'running')

-- name: texts_that_name_files
SELECT run, result FROM task WHERE instr(result, ?1) OR instr(result, ?2)
UNION ALL SELECT run, item FROM task WHERE instr(item, ?1) OR instr(item, ?2)
UNION ALL SELECT run, override FROM task WHERE instr(override, ?1) OR instr(override, ?2)
UNION ALL SELECT no, result FROM run WHERE instr(result, ?1) OR instr(result, ?2)
UNION ALL SELECT no, params FROM run WHERE instr(params, ?1) OR instr(params, ?2)
UNION ALL SELECT run, payload FROM signal WHERE instr(payload, ?1) OR instr(payload, ?2)
UNION ALL SELECT r.no, c.result FROM cache c LEFT JOIN run r ON r.id = c.run WHERE instr(c.result, ?1) OR instr(c.result, ?2)

-- name: schedules_that_name_files
SELECT spec FROM schedule WHERE instr(spec, ?1) OR instr(spec, ?2)

-- name: folders
SELECT folder FROM run WHERE folder NOT LIKE '%/' || id UNION SELECT folder FROM schedule UNION SELECT folder FROM deployed
