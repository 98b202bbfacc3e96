"""Why a notice was not delivered."""


class NotDelivered(Exception):
    """`for_good`: another try would end in the same way."""

    def __init__(self, message: str, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good
