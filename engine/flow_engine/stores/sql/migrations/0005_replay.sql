-- A dead letter is replayed once, or dropped; a replay may give the task other values than it had.

ALTER TABLE dead_letter ADD COLUMN dropped_at REAL;
ALTER TABLE task ADD COLUMN override TEXT;
ALTER TABLE attempt ADD COLUMN override TEXT;
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE replayed_at IS NULL AND dropped_at IS NULL;
