-- A dead letter waits until it has been exported; a relay holds it meanwhile.

ALTER TABLE dead_letter ADD COLUMN exported_at REAL;
ALTER TABLE dead_letter ADD COLUMN held_by TEXT;
ALTER TABLE dead_letter ADD COLUMN held_until REAL;
ALTER TABLE dead_letter ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter ADD COLUMN trouble TEXT;
CREATE INDEX dead_letter_waiting ON dead_letter (id) WHERE exported_at IS NULL;
