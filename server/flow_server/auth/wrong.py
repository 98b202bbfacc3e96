"""What becomes of a token that does not hold."""


class WrongCredential(Exception):
    """The message says why, and never holds any of the token."""
