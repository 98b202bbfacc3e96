"""The settings of tasks and workflows, and retry policies."""
