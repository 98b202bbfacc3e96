"""The process tree of a worker: the engine, a guardian forked first, and the slots that the guardian forks on demand.

    engine (SQLite, decisions, timers) -- control --> guardian --fork--> slot --posix_spawn--> shell body, in a group of its own
       \\------------------------ channel ----------------------------->/

The guardian holds no state. When the engine's end of the control channel closes, for whatever reason, it kills all that is left.
"""
