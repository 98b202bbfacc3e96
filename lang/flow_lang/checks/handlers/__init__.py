"""What is done when a task or a run has failed or ended."""
