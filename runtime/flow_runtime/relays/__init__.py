"""What tells others of what the state keeps for them."""
