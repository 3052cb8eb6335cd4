"""The figures that a store counts about itself, as plain numbers for anybody to read.

Guarantees: counting takes neither a lock nor a wait; the number of keys is bounded. Must not know:
who reads the figures, and how they are shown.
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

    `in_use`: connections that run a statement now. `waiting`: statements that wait for a free
    connection now. `waits`: the seconds that statements waited for one. `statements`: the seconds
    of each statement that succeeded. `errors`: statements that failed, by class of SQLSTATE or by
    one of `FAILURES`.
    """

    name: str
    size: int
    in_use: int = field(default=0, init=False)
    waiting: int = field(default=0, init=False)
    waits: Spread = field(factory=Spread, init=False)
    statements: Spread = field(factory=Spread, init=False)
    errors: Counter[str] = field(factory=Counter, init=False)


FAILURES: Final = ("connection", "timeout", "cancelled", "no_connection_free", "other")
"""How a statement fails without a known class of SQLSTATE: the connection broke or could not be
opened, the result did not come in time, the calling task was cancelled, all connections were in use
for too long, or Postgres does not have the class.
"""


class HoldFigures(Protocol):
    """Whether a hub holds its database now, and how often it has lost the hold."""

    @property
    def is_held(self) -> bool:
        """Whether the hub holds the database."""

    @property
    def losses(self) -> int:
        """How often the hold was lost since the start."""


@frozen
class Held:
    """The figures of a store without a `Hold`: always held, unless a test sets them."""

    is_held: bool = True
    losses: int = 0


@frozen
class StoreFigures:
    """All figures of a store. The store in memory has no pools, and is always held."""

    pools: Sequence[PoolFigures] = ()
    hold: HoldFigures = Held()
