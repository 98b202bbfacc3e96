-- name: namespaces
WITH RECURSIVE known (name) AS (
  SELECT min(namespace) FROM run
  UNION ALL
  SELECT (SELECT min(namespace) FROM run WHERE namespace > known.name) FROM known WHERE known.name IS NOT NULL
)
SELECT name FROM known WHERE name IS NOT NULL UNION SELECT namespace FROM schedule UNION SELECT namespace FROM deployed
UNION SELECT namespace FROM notify_rule ORDER BY 1

-- name: keep_token
INSERT INTO token (id, name, namespace, digest, scopes, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: token_columns
SELECT id, name, namespace, digest, scopes, created_by, created_at, expires_at, last_used_at, revoked_at FROM token

-- name: token_used
UPDATE token SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)

-- name: revoke_token
UPDATE token SET revoked_at = ?1 WHERE id = ?2 AND (?3 = '*' OR namespace = ?3) AND revoked_at IS NULL RETURNING id

-- name: end_sessions_of
DELETE FROM session WHERE token = ?

-- name: keep_session
INSERT INTO session (digest, subject, scopes, namespace, token, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: session
SELECT s.digest, s.subject, s.scopes, s.namespace, s.token, s.created_at, s.expires_at FROM session s
WHERE s.digest = ? AND s.expires_at > ?
  AND (s.token = '' OR EXISTS (SELECT 1 FROM token t WHERE t.id = s.token AND t.revoked_at IS NULL))

-- name: end_session
DELETE FROM session WHERE digest = ?

-- name: note
INSERT INTO audit (at, subject, way, namespace, address, action, target, status, request, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: audit_columns
SELECT at, subject, way, namespace, address, action, target, status, request, detail, id FROM audit

-- name: prune_audit
DELETE FROM audit WHERE at < ? RETURNING id

-- name: prune_sessions
DELETE FROM session WHERE expires_at < ?
