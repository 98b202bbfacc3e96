"""A tree to a plan: names, types, tasks and the graph, with a diagnostic for whatever is wrong."""
