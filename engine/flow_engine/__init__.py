"""The durable core: model, states, decisions, and the contracts of stores and queues."""
