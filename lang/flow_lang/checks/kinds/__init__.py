"""The kinds of tasks, one file each: its `KIND` is all that the language knows about it."""
