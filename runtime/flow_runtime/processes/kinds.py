"""The kinds of bodies, as slots tell them apart."""

PYTHON = ("python", "call")
"""They run in the slot's own process, which serves the Python of one plan alone."""
AT_HOME = (*PYTHON, "shell")
"""They work in the slot's own folder, which is emptied after each."""
