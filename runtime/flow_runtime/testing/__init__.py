"""`flow test`: runs of the real engine whose bodies are mocked and whose time is virtual."""
