-- Notices and their rules, in the words of both databases.

-- name: notify_rules
SELECT u.name, e.event, u.sink, u.workflow, u.namespace FROM notify_rule u JOIN notify_event e ON e.rule = u.id
WHERE u.namespace = ? ORDER BY u.name, e.event

-- name: known_rule
SELECT id FROM notify_rule WHERE namespace = ? AND name = ?

-- name: keep_rule
INSERT INTO notify_rule (namespace, name, workflow, sink, created_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (namespace, name) DO UPDATE SET workflow = excluded.workflow, sink = excluded.sink

-- name: drop_rule_events
DELETE FROM notify_event WHERE rule = (SELECT id FROM notify_rule WHERE namespace = ? AND name = ?)

-- name: keep_rule_event
INSERT INTO notify_event (event, rule, namespace) SELECT ?, id, namespace FROM notify_rule WHERE namespace = ? AND name = ?

-- name: drop_rule_notices
DELETE FROM notice WHERE rule = (SELECT id FROM notify_rule WHERE namespace = ? AND name = ?)

-- name: drop_rule
DELETE FROM notify_rule WHERE namespace = ? AND name = ?

-- name: notice_to_claim
SELECT 1 FROM notice WHERE failed_at IS NULL AND coalesce(held_until, 0) <= ? AND rule IN (SELECT id FROM notify_rule) LIMIT 1

-- name: notices_that_wait
SELECT count(*), min(created_at) FROM notice WHERE failed_at IS NULL AND rule IN (SELECT id FROM notify_rule)

-- The failure that a run's end is told with is the first one that nobody has answered.
-- name: notice_columns
SELECT n.id, u.name, u.namespace, u.sink, n.event, r.id, r.workflow, r.plan_hash, t.node, t.place, coalesce(n.attempt, d.attempt),
  coalesce(d.error, r.error), n.created_at, n.tries,
  CASE WHEN t.state IN ('claimed', 'running', 'waiting') THEN t.awaits END, n.trouble, n.failed_at
FROM notice n JOIN notify_rule u ON u.id = n.rule JOIN run r ON r.no = n.run
LEFT JOIN dead_letter d ON d.id = (SELECT min(x.id) FROM dead_letter x WHERE x.run = r.id
  AND ((n.event = 'run.failed' AND x.replayed_at IS NULL) OR (x.seq = n.seq AND x.attempt = n.attempt)))
LEFT JOIN task t ON t.run = n.run AND t.seq = coalesce(n.seq, d.seq)
