"""The figures of the Hub.

Guarantees: the number of keys is bounded, whatever peers send. Must not know: who reads them.
"""

from collections import Counter
from typing import Final

from attrs import define, field

from protocol import errors
from protocol.errors import CloseReason

NO_CODE: Final = 1005  # the peer closed and gave no code (RFC 6455 section 7.1.5)
BROKEN: Final = 1006  # neither side closed: the connection broke (the same section)
CODES: Final = frozenset(
    {1000, 1001, NO_CODE, BROKEN}
    | {each.code for each in vars(errors).values() if isinstance(each, CloseReason)}
)
OTHER_CODE: Final = 0  # stands for codes that only peers use


@define
class Shed:
    """Ephemeral events that were dropped because a peer reads too slowly."""

    events: int = 0
    size: int = 0  # in bytes, encoded

    def add(self, size: int) -> None:
        """An event of so many bytes was dropped."""
        self.events += 1
        self.size += size


@define
class HubFigures:
    """Since the start.

    `opened`: connections, by dialect. `closed`: the same, by dialect and one of `CODES` or
    `OTHER_CODE`. The others are deliveries: one event to one connection. `messages`: of events that
    have a position in the log. `ephemeral`: of typing, presence and receipts.
    """

    opened: Counter[str] = field(factory=Counter, init=False)
    closed: Counter[tuple[str, int]] = field(factory=Counter, init=False)
    messages: int = field(default=0, init=False)
    ephemeral: int = field(default=0, init=False)
    others: int = field(default=0, init=False)
    shed: Shed = field(factory=Shed, init=False)

    def ended(self, dialect: str, code: int) -> None:
        """A connection was closed with this code, by either side."""
        self.closed[dialect, code if code in CODES else OTHER_CODE] += 1
