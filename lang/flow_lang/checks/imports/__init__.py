"""The .flow files that a file imports."""
