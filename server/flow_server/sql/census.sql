-- name: runs
SELECT state, count(*) FROM run WHERE namespace = 'default' GROUP BY state

-- name: tasks
SELECT task.state, count(*) FROM run JOIN task ON task.run = run.no WHERE run.finished_at IS NULL GROUP BY task.state

-- name: oldest_queued
SELECT created_at FROM run WHERE namespace = 'default' AND state = 'queued' ORDER BY id LIMIT 1
