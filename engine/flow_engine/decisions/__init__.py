"""Pure decisions: no clock, no random source, no I/O but what they are given. The simulator drives these very functions."""
