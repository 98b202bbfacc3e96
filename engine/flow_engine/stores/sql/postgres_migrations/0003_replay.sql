-- A dead letter is replayed once, or dropped; a replay may give the task other values than it had. An earlier Flow would not heed them.

ALTER TABLE dead_letter ADD COLUMN dropped_at DOUBLE PRECISION;
ALTER TABLE task ADD COLUMN override TEXT;
ALTER TABLE attempt ADD COLUMN override TEXT;
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE replayed_at IS NULL AND dropped_at IS NULL;

-- A removal of old runs leaves many dead rows at once, in tables that otherwise only grow.
ALTER TABLE attempt SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE event SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE signal SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE dead_letter SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE cache SET (autovacuum_vacuum_scale_factor = 0.05);
