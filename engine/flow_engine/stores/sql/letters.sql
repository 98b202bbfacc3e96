-- name: claim_letters
UPDATE dead_letter SET held_by = ?1, held_until = ?4, tries = tries + 1
WHERE id IN (SELECT id FROM dead_letter WHERE exported_at IS NULL AND coalesce(held_until, 0) <= ?3 ORDER BY id LIMIT ?2)

-- name: exported
UPDATE dead_letter SET exported_at = ?, held_by = NULL, held_until = NULL, trouble = NULL
WHERE id IN (SELECT value FROM json_each(?)) AND held_by = ? AND exported_at IS NULL

-- name: drop_letter
UPDATE dead_letter SET dropped_at = ? WHERE run = ? AND seq = ? AND attempt = ? AND replayed_at IS NULL AND dropped_at IS NULL

-- name: put_off
UPDATE dead_letter SET held_by = NULL, held_until = ?, trouble = ? WHERE id = ? AND held_by = ? AND exported_at IS NULL
