"""Where hints of ready tasks wait. A queue may lose all it has: the store makes the hints again."""
