"""Cases: each follows from the campaign, the variant, the seed and a number, and has a name."""

import random
from typing import NamedTuple, Self

__all__ = ["Case"]


class Case(NamedTuple):
    """One case of a campaign. Its name, ``kill:streamed:1:57``, is enough to run it again."""

    campaign: str
    variant: str
    seed: int
    number: int

    def __str__(self) -> str:
        return f"{self.campaign}:{self.variant}:{self.seed}:{self.number}"

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the case of that name."""
        campaign, variant, seed, number = name.split(":")
        return cls(campaign, variant, int(seed), int(number))

    def rng(self) -> random.Random:
        """Return what everything random in the case is drawn from."""
        return random.Random(str(self))
