"""`http` bodies."""
