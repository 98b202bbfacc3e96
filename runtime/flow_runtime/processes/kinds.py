"""The kinds of bodies, as slots tell them apart."""

PYTHON = ("python", "call")
"""They run in the slot's own process, which serves the Python of one plan alone."""
