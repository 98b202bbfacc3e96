"""The settings of a process: one table of them, and where their values come from."""
