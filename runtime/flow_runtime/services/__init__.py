"""The servers that `flow up` starts where no URL names others: PostgreSQL and Valkey, from wheels, on loopback ports."""
