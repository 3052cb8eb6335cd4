"""What a store counts of itself, in plain numbers that whoever wants them reads.

Guarantees: to count takes neither a lock nor a wait; the number of keys is bounded. Must not know:
who reads them, and how they are shown.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from attrs import define, field, frozen

SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Spread:
    """How values are spread: how many were counted up to each bound, and their sum.

    Args:
        bounds: in ascending order; what is above the last one is counted as well.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds: Final = tuple(bounds)
        self.counts: Final = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def __len__(self) -> int:
        """How many values were counted."""
        return sum(self.counts)


@define
class PoolFigures:
    """Connections to the database that run one statement at a time each.

    Args:
        name: what the connections are for.
        size: how many there may be.

    `in_use`: that have a statement now. `waiting`: statements for which none was free. `waits`: the
    seconds that those waited. `statements`: the seconds that each took which was answered.
    `errors`: statements that failed, by class of SQLSTATE or by another `FAILURES`.
    """

    name: str
    size: int
    in_use: int = field(default=0, init=False)
    waiting: int = field(default=0, init=False)
    waits: Spread = field(factory=Spread, init=False)
    statements: Spread = field(factory=Spread, init=False)
    errors: Counter[str] = field(factory=Counter, init=False)


FAILURES: Final = ("connection", "timeout", "cancelled", "no_connection_free", "other")
"""How a statement fails without a class of SQLSTATE: the connection broke or could not be made, no
answer in time, nobody waits for the answer any more, all connections were in use for too long, a
class that Postgres does not have.
"""


class HoldFigures(Protocol):
    """Whether a hub holds its database now, and how often it has lost that."""

    @property
    def is_held(self) -> bool:
        """Whether it does."""

    @property
    def losses(self) -> int:
        """Since the start."""


@frozen
class Held:
    """A database that nobody else may have, unless somebody says so."""

    is_held: bool = True
    losses: int = 0


@frozen
class StoreFigures:
    """All of a store: one without a server has no pools, and is held."""

    pools: Sequence[PoolFigures] = ()
    hold: HoldFigures = Held()
