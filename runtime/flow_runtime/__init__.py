"""What runs plans: the worker loop, executors, logs and files."""
