"""One module for each command; `app.py` gives them their options and help."""
