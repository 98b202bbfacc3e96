-- name: claim_notices
UPDATE notice SET held_by = ?1::text, held_until = ?4::float8, tries = tries + 1
WHERE id IN (SELECT id FROM notice WHERE failed_at IS NULL AND coalesce(held_until, 0) <= ?3::float8
    AND rule IN (SELECT id FROM notify_rule)
  ORDER BY id LIMIT ?2::int FOR UPDATE SKIP LOCKED)

-- name: delivered
DELETE FROM notice WHERE id = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(?::json))) AND held_by = ? RETURNING id

-- name: put_notice_off
UPDATE notice SET held_by = NULL, held_until = ?::float8, trouble = ? WHERE id = ? AND held_by = ? RETURNING id

-- name: give_notice_up
UPDATE notice SET held_by = NULL, held_until = NULL, trouble = ?, failed_at = ?::float8 WHERE id = ? AND held_by = ? RETURNING id

-- name: try_notices_again
UPDATE notice SET failed_at = NULL WHERE failed_at IS NOT NULL AND rule IN (SELECT id FROM notify_rule WHERE namespace = ?) RETURNING id

-- A notice for each rule that asks for it. Without rules it looks into one small index.
-- name: notify_ends
INSERT INTO notice (rule, event, run, created_at)
SELECT u.id, e.event, v.no, v.at FROM unnest(?::text[], ?::bigint[], ?::float8[]) AS v (event, no, at)
JOIN notify_event e ON e.event = v.event JOIN notify_rule u ON u.id = e.rule
JOIN run r ON r.no = v.no AND r.namespace = u.namespace AND r.parent_run IS NULL
WHERE u.workflow IS NULL OR u.workflow = r.workflow OR right(r.workflow, length(u.workflow) + 1) = ':' || u.workflow

-- Before the row itself is written: one that was looked at waits already.
-- name: notify_of_task
INSERT INTO notice (rule, event, run, seq, attempt, created_at)
SELECT u.id, e.event, v.no, v.seq, v.attempt, v.at
FROM unnest(?::text[], ?::bigint[], ?::int[], ?::int[], ?::float8[]) AS v (event, no, seq, attempt, at)
JOIN notify_event e ON e.event = v.event JOIN notify_rule u ON u.id = e.rule
JOIN run r ON r.no = v.no AND r.namespace = u.namespace
WHERE (u.workflow IS NULL OR u.workflow = r.workflow OR right(r.workflow, length(u.workflow) + 1) = ':' || u.workflow)
  AND (v.event <> 'approval.waiting'
    OR NOT EXISTS (SELECT FROM task t WHERE t.run = v.no AND t.seq = v.seq AND t.awaits IS NOT NULL))
