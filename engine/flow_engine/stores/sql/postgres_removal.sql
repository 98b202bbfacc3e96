-- What PostgreSQL says in other words than removal.sql. Lists of values are JSON.

-- name: count_tasks
SELECT run, count(*) FROM task
WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json))) GROUP BY run

-- name: lock_runs
SELECT no FROM run
WHERE no = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json))) ORDER BY no FOR UPDATE

-- name: remove_tasks
DELETE FROM task WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: remove_attempts
DELETE FROM attempt WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: remove_events
DELETE FROM event WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: remove_signals
DELETE FROM signal WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: remove_mail
DELETE FROM mail WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: remove_notices
DELETE FROM notice WHERE run = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: remove_runs
DELETE FROM run WHERE no = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json)))

-- name: awaited_letters
SELECT DISTINCT run FROM dead_letter
WHERE exported_at IS NULL AND tries > 0 AND run = ANY (ARRAY(SELECT json_array_elements_text(?::json)))

-- name: remove_letters
DELETE FROM dead_letter WHERE run = ANY (ARRAY(SELECT json_array_elements_text(?::json)))

-- name: remove_cached
DELETE FROM cache WHERE run = ANY (ARRAY(SELECT json_array_elements_text(?::json)))

-- name: remove_expired
DELETE FROM cache WHERE expires_at < ?::float8 RETURNING 1

-- name: unused_plans
SELECT hash FROM plan
WHERE NOT EXISTS (SELECT 1 FROM run WHERE plan_hash = hash
    AND no <> ALL (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json))))
  AND NOT EXISTS (SELECT 1 FROM schedule WHERE plan_hash = hash)
  AND NOT EXISTS (SELECT 1 FROM deployed WHERE plan_hash = hash)

-- name: lock_plans
SELECT hash FROM plan WHERE hash = ANY (ARRAY(SELECT json_array_elements_text(?::json))) ORDER BY hash FOR UPDATE

-- name: remove_plans
DELETE FROM plan WHERE hash = ANY (ARRAY(SELECT json_array_elements_text(?::json)))
  AND NOT EXISTS (SELECT 1 FROM run WHERE plan_hash = hash) AND NOT EXISTS (SELECT 1 FROM schedule WHERE plan_hash = hash)
  AND NOT EXISTS (SELECT 1 FROM deployed WHERE plan_hash = hash)
RETURNING 1

-- name: known_runs
SELECT id FROM run WHERE id = ANY (ARRAY(SELECT json_array_elements_text(?::json)))

-- name: snapshot
WITH named (run, text) AS (
  SELECT run, result FROM task WHERE result ~ ?1 UNION ALL
  SELECT run, item FROM task WHERE item ~ ?1 UNION ALL
  SELECT run, override FROM task WHERE override ~ ?1 UNION ALL
  SELECT no, result FROM run WHERE result ~ ?1 UNION ALL
  SELECT no, params FROM run WHERE params ~ ?1 UNION ALL
  SELECT run, payload FROM signal WHERE payload ~ ?1 UNION ALL
  SELECT r.no, c.result FROM cache c LEFT JOIN run r ON r.id = c.run WHERE c.result ~ ?1 UNION ALL
  SELECT NULL, spec FROM schedule WHERE spec ~ ?1)
SELECT true, min(t.claimed_at)::text FROM run r JOIN task t ON t.run = r.no
WHERE r.finished_at IS NULL AND t.state IN ('claimed', 'running')
UNION ALL
SELECT DISTINCT false, (regexp_matches(text, ?1, 'g'))[1] FROM named
WHERE run IS NULL OR run <> ALL (ARRAY(SELECT value::bigint FROM json_array_elements_text(?2::json)))

-- name: dead_bytes
SELECT coalesce(sum(pg_table_size(relid) * n_dead_tup / greatest(n_live_tup + n_dead_tup, 1)), 0)::bigint
FROM pg_stat_user_tables WHERE schemaname = 'flow'

-- name: folders
SELECT folder FROM run WHERE right(folder, length(id)) <> id UNION SELECT folder FROM schedule UNION SELECT folder FROM deployed
