"""Worker processes that share a queue in Valkey and a state in SQL, while both the workers and Valkey are killed and flushed."""
