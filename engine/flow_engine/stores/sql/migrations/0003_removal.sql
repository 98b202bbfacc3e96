-- What the removal of old runs asks for: which cached results came from a run.

CREATE INDEX cache_by_run ON cache (run);
