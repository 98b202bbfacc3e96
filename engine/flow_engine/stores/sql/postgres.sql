-- name: set_up
SELECT set_config('search_path', 'flow', false), set_config('lock_timeout', '30s', false),
  set_config('idle_in_transaction_session_timeout', '60s', false),
  set_config('default_transaction_isolation', 'read committed', false), set_config('client_min_messages', 'warning', false),
  CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END,
  current_setting('server_version_num')::int, current_setting('server_encoding')

-- name: steady_plans
SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
  set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false), set_config('jit', 'off', false)

-- name: schema_version
SELECT number, readable_by FROM flow.version

-- name: end_former
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = ? AND pid <> pg_backend_pid() AND datname = current_database()

-- name: mark
WITH kept AS (
  INSERT INTO mark (handle, number, kept) VALUES (?1, ?2, ?2)
  ON CONFLICT (handle) DO UPDATE SET number = excluded.number, kept = excluded.kept, at = clock_timestamp()
  WHERE mark.number < excluded.number RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM kept), 1)

-- name: burn
INSERT INTO mark (handle, number, kept) VALUES (?2, ?1, -1)
ON CONFLICT (handle) DO UPDATE SET number = excluded.number RETURNING kept

-- name: forget_mark
DELETE FROM mark WHERE handle = ? OR at < clock_timestamp() - interval '7 days'

-- name: lock
SELECT pg_advisory_xact_lock(key) FROM unnest(?::bigint[]) AS key

-- name: known_plans
SELECT hash FROM plan WHERE hash = ANY (?::text[]) FOR KEY SHARE

-- name: lock_plan
SELECT hash FROM plan WHERE hash = ? FOR KEY SHARE

-- name: lock_based_on
SELECT no FROM run WHERE id = ? FOR KEY SHARE

-- name: runs_by_key
SELECT namespace, idempotency_key, id, plan_hash, params FROM run
WHERE (namespace, idempotency_key) IN (SELECT * FROM unnest(?::text[], ?::text[]))

-- name: numbers
SELECT nextval('run_no') FROM generate_series(1, ?)

-- name: need_version
SELECT expect_rows((SELECT count(*) FROM version WHERE readable_by <= ?), 1)

-- name: arrive
SELECT expect_rows((SELECT count(*) FROM version WHERE readable_by <= ?1) + (
  SELECT count(*) FROM (SELECT FROM plan WHERE hash = ?2 FOR KEY SHARE) AS there), 2)

-- Where a run is number 0, it gets the next one, and so do its tasks, in the same transaction.
-- name: insert_run
INSERT INTO run (no, id, namespace, shard, plan_hash, workflow, params, folder, state, priority, labels, idempotency_key, owner,
  created_at, parent_run, parent_seq, based_on, reopened_at)
SELECT CASE no WHEN 0 THEN nextval('run_no') ELSE no END, id, namespace, shard, plan_hash, workflow, params, folder, 'queued',
  priority, labels, idempotency_key, owner, created_at, parent_run, parent_seq, based_on, reopened_at
FROM unnest(?::bigint[], ?::text[], ?::text[], ?::int[], ?::text[], ?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::text[],
  ?::text[], ?::float8[], ?::text[], ?::int[], ?::text[], ?::float8[])
AS v (no, id, namespace, shard, plan_hash, workflow, params, folder, priority, labels, idempotency_key, owner, created_at, parent_run,
  parent_seq, based_on, reopened_at)

-- name: insert_task
INSERT INTO task (run, seq, node, place, state, attempt, unmet, worker, ready_at, claimed_at, finished_at, size, deadline_at,
  item, pool, slots)
SELECT CASE run WHEN 0 THEN currval('run_no') ELSE run END, seq, node, place, state, attempt, unmet, worker, ready_at, claimed_at,
  finished_at, size, deadline_at, item, pool, slots
FROM unnest(?::bigint[], ?::int[], ?::int[], ?::int[], ?::text[], ?::int[], ?::int[], ?::text[], ?::float8[], ?::float8[],
  ?::float8[], ?::int[], ?::float8[], ?::text[], ?::text[], ?::int[])
AS v (run, seq, node, place, state, attempt, unmet, worker, ready_at, claimed_at, finished_at, size, deadline_at, item, pool, slots)

-- name: insert_fresh_task
INSERT INTO task (run, seq, node, place, state, unmet, item, pool, slots)
SELECT CASE run WHEN 0 THEN currval('run_no') ELSE run END, seq, node, place, state, unmet, item, pool, slots
FROM unnest(?::bigint[], ?::int[], ?::int[], ?::int[], ?::text[], ?::int[], ?::text[], ?::text[], ?::int[])
AS v (run, seq, node, place, state, unmet, item, pool, slots)

-- name: insert_instances
INSERT INTO task (run, seq, node, place, state, unmet, pool, slots)
SELECT ?1::bigint, ?2::int + i, ?3::int, ?4::int + i, ?5::text, ?6::int, ?7::text, ?8::int FROM generate_series(0, ?9::int - 1) AS i

-- name: insert_elements
INSERT INTO task (run, seq, node, place, state, unmet, pool, slots, item)
SELECT ?1::bigint, ?2::int + i::int - 1, ?3::int, ?4::int + i::int - 1, ?5::text, ?6::int, ?7::text, ?8::int, element
FROM json_array_elements_text(?9::json) WITH ORDINALITY AS v (element, i)

-- name: leave_mail
INSERT INTO mail (run, seq, attempt, worker, kind, text, started_at, finished_at, log)
SELECT * FROM unnest(?1::bigint[], ?2::int[], ?3::int[], ?4::text[], ?5::text[], ?6::text[], ?7::float8[], ?8::float8[], ?9::text[])
ON CONFLICT DO NOTHING

-- name: drop_mail
DELETE FROM mail l USING unnest(?1::bigint[], ?2::int[], ?3::int[], ?4::text[]) AS v (run, seq, attempt, worker)
WHERE (l.run, l.seq, l.attempt, l.worker) = (v.run, v.seq, v.attempt, v.worker)

-- name: claim_task
WITH changed AS (
  UPDATE task SET state = 'claimed', attempt = attempt + 1, unmet = 0, worker = v.worker, ready_at = NULL, claimed_at = v.claimed_at,
    finished_at = NULL, started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
  FROM unnest(?1::text[], ?2::float8[], ?3::bigint[], ?4::int[]) AS v (worker, claimed_at, run, seq)
  WHERE task.run = v.run AND task.seq = v.seq RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), cardinality(?4::int[]))

-- name: claim_tasks
WITH changed AS (
  UPDATE task SET state = 'claimed', attempt = attempt + 1, unmet = 0, worker = ?1::text, ready_at = NULL, claimed_at = ?2::float8,
    finished_at = NULL, started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
  WHERE run = ?3::bigint AND seq = ANY (ARRAY(SELECT value::int FROM json_array_elements_text(?4::json))) RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), json_array_length(?4::json))

-- name: ready_task
WITH changed AS (
  UPDATE task SET state = 'ready', unmet = 0, worker = NULL, ready_at = NULL, claimed_at = NULL, finished_at = NULL,
    started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
  FROM unnest(?1::bigint[], ?2::int[]) AS v (run, seq)
  WHERE task.run = v.run AND task.seq = v.seq RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), cardinality(?2::int[]))

-- name: ready_tasks
WITH changed AS (
  UPDATE task SET state = 'ready', unmet = 0, worker = NULL, ready_at = NULL, claimed_at = NULL, finished_at = NULL,
    started_at = CASE WHEN size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
  WHERE run = ?1::bigint AND seq = ANY (ARRAY(SELECT value::int FROM json_array_elements_text(?2::json))) RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), json_array_length(?2::json))

-- name: succeed_task
WITH changed AS (
  UPDATE task SET state = 'succeeded', ready_at = NULL, finished_at = v.finished_at,
    started_at = CASE WHEN awaits IS NULL THEN v.started_at ELSE task.started_at END, result = v.result, error = NULL, log = v.log,
    awaits = NULL, cache = NULL
  FROM unnest(?1::float8[], ?2::float8[], ?3::text[], ?4::text[], ?5::bigint[], ?6::int[], ?7::int[], ?8::text[])
    AS v (finished_at, started_at, result, log, run, seq, attempt, worker)
  WHERE task.run = v.run AND task.seq = v.seq AND task.attempt = v.attempt AND task.worker = v.worker
    AND task.state IN ('claimed', 'running') RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), cardinality(?6::int[]))

-- name: update_task
UPDATE task SET state = v.state, attempt = v.attempt, unmet = v.unmet, worker = v.worker, ready_at = v.ready_at,
  claimed_at = v.claimed_at, finished_at = v.finished_at, size = v.size, deadline_at = v.deadline_at,
  started_at = CASE WHEN task.size IS NULL AND awaits IS NULL THEN NULL ELSE started_at END
FROM unnest(?::text[], ?::int[], ?::int[], ?::text[], ?::float8[], ?::float8[], ?::float8[], ?::int[], ?::float8[], ?::bigint[], ?::int[])
  AS v (state, attempt, unmet, worker, ready_at, claimed_at, finished_at, size, deadline_at, run, seq)
WHERE task.run = v.run AND task.seq = v.seq

-- name: complete_task
WITH changed AS (
  UPDATE task SET state = v.state, attempt = v.attempt, unmet = v.unmet, worker = v.worker, ready_at = v.ready_at,
    claimed_at = v.claimed_at, finished_at = v.finished_at, size = v.size, deadline_at = v.deadline_at,
    started_at = CASE WHEN task.awaits IS NULL THEN v.started_at ELSE task.started_at END, failures = v.failures, losses = v.losses,
    result = v.result, error = v.error, log = v.log, awaits = v.awaits, cache = v.cache
  FROM unnest(?1::text[], ?2::int[], ?3::int[], ?4::text[], ?5::float8[], ?6::float8[], ?7::float8[], ?8::int[], ?9::float8[],
      ?10::float8[], ?11::int[], ?12::int[], ?13::text[], ?14::text[], ?15::text[], ?16::text[], ?17::text[], ?18::bigint[],
      ?19::int[], ?20::int[], ?21::text[])
    AS v (state, attempt, unmet, worker, ready_at, claimed_at, finished_at, size, deadline_at, started_at, failures, losses, result,
      error, log, awaits, cache, run, seq, of_attempt, of_worker)
  WHERE task.run = v.run AND task.seq = v.seq AND task.attempt = v.of_attempt AND task.worker = v.of_worker
    AND task.state IN ('claimed', 'running') RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), cardinality(?19::int[]))

-- name: start_task
UPDATE task SET state = 'running', started_at = v.started_at, log = v.log
FROM unnest(?::float8[], ?::text[], ?::bigint[], ?::int[], ?::int[], ?::text[]) AS v (started_at, log, run, seq, attempt, worker)
WHERE task.run = v.run AND task.seq = v.seq AND task.attempt = v.attempt AND task.worker = v.worker AND task.state = 'claimed'

-- name: insert_attempt
INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override)
SELECT v.*, task.override
FROM unnest(?::bigint[], ?::int[], ?::int[], ?::text[], ?::text[], ?::float8[], ?::float8[], ?::float8[], ?::text[], ?::text[])
  AS v (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log)
LEFT JOIN task ON task.run = v.run AND task.seq = v.seq

-- name: events_of
SELECT v.run, e.id, e.at, e.changes
FROM (SELECT (value ->> 0)::bigint AS run, (value ->> 1)::bigint AS after FROM json_array_elements(?::json)) AS v
CROSS JOIN LATERAL (SELECT id, at, changes FROM event WHERE run = v.run AND id > v.after ORDER BY id) AS e ORDER BY v.run, e.id

-- name: insert_event
INSERT INTO event (run, at, changes) SELECT * FROM unnest(?::bigint[], ?::float8[], ?::text[])

-- name: insert_dead_letter
INSERT INTO dead_letter (run, seq, attempt, topic, error, created_at)
SELECT * FROM unnest(?::text[], ?::int[], ?::int[], ?::text[], ?::text[], ?::float8[])

-- name: locked
SELECT no FROM run WHERE no = ANY (?::bigint[]) AND owner = ? AND finished_at IS NULL ORDER BY no FOR NO KEY UPDATE

-- name: own
SELECT expect_rows((SELECT count(*) FROM (
  SELECT FROM run WHERE no = ANY (?1::bigint[]) AND owner = ?2 AND finished_at IS NULL ORDER BY no FOR NO KEY UPDATE) AS held),
  cardinality(?1::bigint[]))

-- name: owned_of
SELECT id FROM run WHERE id = ANY (?::text[]) AND owner = ? AND finished_at IS NULL

-- name: take
UPDATE run SET owner = ? WHERE no IN (
  SELECT r.no FROM unnest(?::bigint[], ?::text[]) AS v (no, owner) JOIN run r ON r.no = v.no
  WHERE r.owner IS NOT DISTINCT FROM v.owner AND r.finished_at IS NULL ORDER BY r.no FOR NO KEY UPDATE OF r SKIP LOCKED)
RETURNING no

-- name: lists
SELECT run, seq, item FROM task WHERE run = ANY (?::bigint[]) AND cursor IS NOT NULL

-- name: abandon
UPDATE run SET owner = NULL WHERE no IN (
  SELECT no FROM run WHERE owner = ? AND finished_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM task t WHERE t.run = run.no AND t.state IN ('claimed', 'running'))
  ORDER BY no FOR NO KEY UPDATE)

-- name: runs_of
SELECT id FROM run WHERE finished_at IS NULL AND owner = ?

-- name: owns
SELECT 1 FROM run WHERE finished_at IS NULL AND owner = ? LIMIT 1

-- name: run_starts
UPDATE run SET state = 'running', started_at = v.started_at FROM unnest(?::float8[], ?::bigint[]) AS v (started_at, no)
WHERE run.no = v.no AND state = 'queued'

-- name: run_ends
WITH changed AS (
  UPDATE run SET state = v.state, result = v.result, error = v.error, finished_at = v.finished_at, owner = NULL
  FROM unnest(?1::text[], ?2::text[], ?3::text[], ?4::float8[], ?5::bigint[], ?6::text[])
    AS v (state, result, error, finished_at, no, owner)
  WHERE run.no = v.no AND run.owner = v.owner AND run.finished_at IS NULL RETURNING 1)
SELECT expect_rows((SELECT count(*) FROM changed), cardinality(?5::bigint[]))

-- name: request_cancel
UPDATE run SET cancel_requested_at = coalesce(cancel_requested_at, ?::float8), cancel_reason = coalesce(cancel_reason, ?::text)
WHERE no = ? AND finished_at IS NULL RETURNING no

-- name: whose_id
WHERE id = ANY (ARRAY(SELECT json_array_elements_text(?::json)))

-- name: children_of
SELECT parent_run, id FROM run WHERE parent_run = ANY (ARRAY(SELECT id FROM run WHERE no = ANY (?::bigint[]))) AND finished_at IS NULL
ORDER BY id

-- name: unowned
SELECT id FROM run WHERE finished_at IS NULL AND (owner IS NULL OR owner = ANY (?::text[])) ORDER BY priority DESC, id LIMIT ?

-- name: owners
SELECT DISTINCT owner FROM run WHERE finished_at IS NULL AND owner IS NOT NULL

-- name: workflows_called
WITH RECURSIVE known (workflow) AS (
  SELECT min(workflow) FROM run WHERE namespace = ?1
  UNION ALL
  SELECT (SELECT min(workflow) FROM run WHERE namespace = ?1 AND workflow > known.workflow) FROM known WHERE known.workflow IS NOT NULL
)
SELECT workflow FROM known WHERE workflow = ?2::text OR right(workflow, length(?2::text) + 1) = ':' || ?2::text

-- name: send_signal
WITH open AS (SELECT no FROM run WHERE no = ? AND finished_at IS NULL FOR SHARE)
INSERT INTO signal (run, awaited, kind, name, payload, sent_at, sent_by)
SELECT no, ?::text, ?::text, ?::text, ?::text, ?::float8, ?::text FROM open
RETURNING id

-- name: arrivals
SELECT r.id, t.seq FROM run r JOIN task t ON t.run = r.no
WHERE r.owner = ? AND r.finished_at IS NULL AND t.suspended IS NOT NULL AND (
  EXISTS (SELECT 1 FROM signal s WHERE s.run = r.no AND s.kind <> 'void' AND starts_with(t.awaits, s.awaited))
  OR (starts_with(t.awaits, '["child", ')
    AND EXISTS (SELECT 1 FROM run c WHERE c.id = split_part(t.awaits, '"', 4) AND c.finished_at IS NOT NULL)))

-- name: pool_sizes
SELECT name, slots FROM pool WHERE namespace = 'default' AND name = ANY (?::text[])

-- name: pool_slots
SELECT t.held, r.owner, sum(t.slots)::int FROM task t JOIN run r ON r.no = t.run
WHERE t.held = ANY (?::text[]) AND t.held IS NOT NULL AND r.owner IS NOT NULL GROUP BY t.held, r.owner

-- name: running
SELECT workflow, count(*)::int FROM run WHERE workflow = ANY (?::text[]) AND state = 'running' GROUP BY workflow

-- name: rates
SELECT key, next_at FROM rate WHERE namespace = 'default' AND key = ANY (?::text[])

-- name: set_rate
INSERT INTO rate (key, next_at) SELECT * FROM unnest(?::text[], ?::float8[])
ON CONFLICT (namespace, key) DO UPDATE SET next_at = excluded.next_at

-- name: keep_cached
INSERT INTO cache (digest, workflow, task, key, components, result, run, created_at, expires_at)
SELECT DISTINCT ON (digest) digest, workflow, task, key, components, result, run, created_at, expires_at
FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::float8[], ?::float8[]) WITH ORDINALITY
  AS v (digest, workflow, task, key, components, result, run, created_at, expires_at, nth)
ORDER BY digest, nth DESC
ON CONFLICT (namespace, digest) DO UPDATE SET result = excluded.result, run = excluded.run, created_at = excluded.created_at,
  expires_at = excluded.expires_at

-- name: take_over_task
UPDATE task SET attempt = v.attempt, started_at = v.started_at, finished_at = v.finished_at, item = v.item, result = v.result,
  cache = v.cache
FROM unnest(?::int[], ?::float8[], ?::float8[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::int[])
  AS v (attempt, started_at, finished_at, item, result, cache, run, seq)
WHERE task.run = v.run AND task.seq = v.seq

-- name: keep_attempts
INSERT INTO attempt (run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override)
SELECT run, seq, attempt, worker, state, claimed_at, started_at, finished_at, error, log, override FROM task
WHERE run = ? AND seq IN (SELECT value::int FROM json_array_elements_text(?::json)) AND state = 'succeeded' AND worker IS NOT NULL

-- name: reopen_task
UPDATE task SET state = v.state, size = v.size, place = v.place, failures = 0, losses = 0, worker = NULL, ready_at = NULL,
  claimed_at = NULL, started_at = NULL, finished_at = NULL, result = NULL, error = NULL, log = NULL, deadline_at = NULL,
  awaits = NULL, cache = NULL
FROM unnest(?::text[], ?::int[], ?::int[], ?::bigint[], ?::int[]) AS v (state, size, place, run, seq)
WHERE task.run = v.run AND task.seq = v.seq

-- name: override_task
UPDATE task SET override = v.override FROM unnest(?::text[], ?::bigint[], ?::int[]) AS v (override, run, seq)
WHERE task.run = v.run AND task.seq = v.seq

-- name: answered_letters
SELECT seq, attempt, replayed_at, dropped_at FROM dead_letter
WHERE run = ? AND seq = ANY (ARRAY(SELECT value::int FROM json_array_elements_text(?::json))) ORDER BY id FOR NO KEY UPDATE

-- name: replay_letters
UPDATE dead_letter SET replayed_at = ?::float8
WHERE run = ? AND seq = ANY (ARRAY(SELECT value::int FROM json_array_elements_text(?::json))) AND replayed_at IS NULL AND dropped_at IS NULL

-- name: lock_run
SELECT no FROM run WHERE id = ? FOR NO KEY UPDATE

-- name: reopen_run
UPDATE run SET state = 'queued', finished_at = NULL, result = NULL, error = NULL, cancel_requested_at = NULL, cancel_reason = NULL,
  owner = ?, reopened_at = ? WHERE no = ?

-- name: size_of_results
SELECT coalesce(sum(length(result)), 0)::bigint FROM task WHERE run = ? AND seq >= ? AND seq < ? AND state = 'succeeded'

-- name: scheduled_runs
SELECT id FROM run WHERE finished_at IS NULL AND namespace = ? AND left(idempotency_key, ?) = ?
  AND position(?::text IN labels) = 0
ORDER BY id

-- name: living
SELECT incarnation FROM worker WHERE incarnation = ANY (?::text[]) AND heartbeat_at > clock_timestamp() - make_interval(secs => ?::float8)

-- name: workers
SELECT incarnation, labels FROM worker WHERE heartbeat_at > clock_timestamp() - make_interval(secs => ?::float8) ORDER BY incarnation

-- name: beat
INSERT INTO worker (incarnation, host, pid, labels) VALUES (?, ?, ?, ?)
ON CONFLICT (incarnation) DO UPDATE SET heartbeat_at = clock_timestamp()

-- name: end_worker
DELETE FROM worker WHERE incarnation = ? OR heartbeat_at < clock_timestamp() - interval '1 day'

-- name: claim_letters
UPDATE dead_letter SET held_by = ?1::text, held_until = ?4::float8, tries = tries + 1
WHERE id IN (SELECT id FROM dead_letter WHERE exported_at IS NULL AND coalesce(held_until, 0) <= ?3::float8
  ORDER BY id LIMIT ?2::int FOR UPDATE SKIP LOCKED)

-- name: drop_letter
UPDATE dead_letter SET dropped_at = ?::float8
WHERE run = ? AND seq = ? AND attempt = ? AND replayed_at IS NULL AND dropped_at IS NULL RETURNING id

-- name: exported
UPDATE dead_letter SET exported_at = ?::float8, held_by = NULL, held_until = NULL, trouble = NULL
WHERE id = ANY (?::bigint[]) AND held_by = ? AND exported_at IS NULL RETURNING id

-- name: put_off
UPDATE dead_letter SET held_by = NULL, held_until = ?, trouble = ? WHERE id = ? AND held_by = ? AND exported_at IS NULL RETURNING id

-- name: queue_epoch
SELECT epoch FROM queue

-- What needs labels is asked for by those who have some (`wanted_runs`): others would come for it in vain, again and again.
-- name: waiting_runs
SELECT r.namespace, r.id, r.created_at, r.priority FROM run r
WHERE r.finished_at IS NULL AND r.id > ? AND (r.owner IS NULL OR r.owner = ANY (?::text[])
  OR EXISTS (SELECT 1 FROM task t WHERE t.run = r.no AND t.state = 'ready' AND t.labels IS NULL))
ORDER BY r.id LIMIT ?

-- name: waiting_runs_by_rank
SELECT r.namespace, r.id, r.created_at, r.priority FROM run r
WHERE r.finished_at IS NULL AND (r.owner IS NULL OR r.owner = ANY (?::text[])
  OR EXISTS (SELECT 1 FROM task t WHERE t.run = r.no AND t.state = 'ready' AND t.labels IS NULL))
ORDER BY r.priority DESC, r.id LIMIT ?
