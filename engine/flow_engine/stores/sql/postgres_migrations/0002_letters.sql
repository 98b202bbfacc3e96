-- A dead letter waits until it has been exported; a relay holds it meanwhile.

ALTER TABLE dead_letter ADD COLUMN exported_at DOUBLE PRECISION;
ALTER TABLE dead_letter ADD COLUMN held_by TEXT COLLATE "C";
ALTER TABLE dead_letter ADD COLUMN held_until DOUBLE PRECISION;
ALTER TABLE dead_letter ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letter ADD COLUMN trouble TEXT;
CREATE INDEX dead_letter_waiting ON dead_letter (id) WHERE exported_at IS NULL;
