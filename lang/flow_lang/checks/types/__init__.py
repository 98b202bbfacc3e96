"""The types that a file declares, and which value may stand for which."""
