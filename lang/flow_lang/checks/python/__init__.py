"""Python bodies and imported Python functions: read with `ast`, never imported."""
