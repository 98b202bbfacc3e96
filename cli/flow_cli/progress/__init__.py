"""What `flow run` shows while it works: `board.py` counts, `plain.py` prints lines for a pipe, `live.py` keeps a table on a terminal."""
