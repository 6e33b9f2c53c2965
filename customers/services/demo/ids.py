"""Numbers and ids that look random and are the same again for the same seed."""

from __future__ import annotations

import random
from uuid import UUID


class Ids:
    """One stream of ids. Streams of different names do not disturb each other."""

    def __init__(self, seed: int, name: str) -> None:
        self.random = random.Random(f"{seed}/{name}")  # noqa: S311 - sample data, no secret

    def guid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def hex(self, digits: int) -> str:
        """For example an order id of twelve digits."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def digits(self, count: int) -> str:
        """A number of exactly so many digits."""
        return str(self.random.randint(10 ** (count - 1), 10**count - 1))
