"""The HTTP side: submit, status, graphs, pages, metrics."""
