"""One task: its clauses, inputs, results and body."""
