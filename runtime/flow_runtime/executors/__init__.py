"""How each kind of body is run, inside a slot. `run(work, ...)` returns the value or raises BodyFailed."""
