"""What only the store on PostgreSQL has to stand; what all stores promise is in tests/conformance."""
