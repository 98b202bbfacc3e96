-- name: claim_notices
UPDATE notice SET held_by = ?1, held_until = ?4, tries = tries + 1
WHERE id IN (SELECT id FROM notice WHERE failed_at IS NULL AND coalesce(held_until, 0) <= ?3 ORDER BY id LIMIT ?2)

-- name: delivered
DELETE FROM notice WHERE id IN (SELECT value FROM json_each(?)) AND held_by = ? RETURNING id

-- name: put_notice_off
UPDATE notice SET held_by = NULL, held_until = ?, trouble = ? WHERE id = ? AND held_by = ? RETURNING id

-- name: give_notice_up
UPDATE notice SET held_by = NULL, held_until = NULL, trouble = ?, failed_at = ? WHERE id = ? AND held_by = ? RETURNING id

-- name: try_notices_again
UPDATE notice SET failed_at = NULL WHERE failed_at IS NOT NULL AND rule IN (SELECT id FROM notify_rule WHERE namespace = ?) RETURNING id
