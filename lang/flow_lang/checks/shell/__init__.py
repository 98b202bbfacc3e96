"""Shell bodies: where each value stands, and the quoting that it needs there."""
