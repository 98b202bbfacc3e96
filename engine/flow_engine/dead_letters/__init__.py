"""Tasks that failed for good: how they are kept until they have been told to others, and how they are told."""
