"""How long runs are kept, and the removal of what no run needs any more."""
