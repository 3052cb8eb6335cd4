"""Reads from the log what a node may have missed.

Guarantees: once a repair is done, all that was committed before it began and concerns a client here
is delivered, or its conversation is known to lack it and is read. A repair looks back to when
bulletins may first have been missing; now and then at least `AUDIT_SECONDS`. Must not know: what
carries bulletins, who publishes them.
"""

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Final, Protocol

import trio
from attrs import define

from persistence.interface import Messages
from persistence.nodes import Head, Nodes
from protocol.model import MessageId

SAMPLE_SECONDS: Final = 1.0
SETTLED_SECONDS: Final = 7.0
"""A statement ends within 5 s, and what it stored is published within another second, or its node
sends no heartbeats. So a message that got its id so long before a time up to which everything has
come has come as well, or never will.
"""
AUDIT_SECONDS: Final = 60.0


class Suspect(Protocol):
    """Reads channels of which something may be missing here."""

    def __call__(self, heads: Sequence[Head]) -> int:
        """Have those of these channels read that a client here wants and of which something is
        missing; returns how many. Must not block.
        """


@define
class RepairFigures:
    """Since the start. `repairs`: how often the log was read; `channels`: those of which something
    was missing then.
    """

    repairs: int = 0
    channels: int = 0


class Repair:
    """Looks in the log for what bulletins did not bring.

    Args:
        messages: knows the newest id.
        nodes: knows which channels have moved.
    """

    def __init__(self, messages: Messages, nodes: Nodes) -> None:
        self._messages = messages
        self._nodes = nodes
        self.figures: Final = RepairFigures()
        self._samples: deque[tuple[float, MessageId]] = deque()  # the newest id at a time
        self.in_sync = -inf
        """The time up to which everything that other nodes stored has come."""
        self._audit_at = inf

    async def begin_anew(self) -> None:
        """Nothing is missing up to now. Raises StoreUnavailable."""
        newest = await self._messages.last_id()
        self.in_sync = trio.current_time()
        self._audit_at = self.in_sync + AUDIT_SECONDS
        self._samples.clear()
        self._samples.append((-inf, newest))

    def nothing_is_missing(self, until: float) -> None:
        """Everything that was published before the time `until` has come."""
        self.in_sync = max(self.in_sync, until)

    @property
    def is_due(self) -> bool:
        """Whether the log is to be read although nothing seems to be missing."""
        return trio.current_time() >= self._audit_at

    async def sample(self) -> None:
        """Note the newest id, every `SAMPLE_SECONDS`. Raises StoreUnavailable."""
        now = trio.current_time()
        if now < self._samples[-1][0] + SAMPLE_SECONDS:
            return
        newest = await self._messages.last_id()
        self._samples.append((trio.current_time(), newest))  # the id was given before that
        needed = min(self.in_sync, now - AUDIT_SECONDS) - SETTLED_SECONDS
        while len(self._samples) > 1 and self._samples[1][0] <= needed:
            self._samples.popleft()

    async def run_once(self, suspect: Suspect) -> None:
        """Read in the log which channels moved since nothing was missing; in an audit, from before.

        Args:
            suspect: reads these channels.

        Raises:
            StoreUnavailable: the log cannot be read now.
        """
        began = trio.current_time()
        is_audit = began >= self._audit_at
        since = min(self.in_sync, began - AUDIT_SECONDS) if is_audit else self.in_sync
        heads = await self._nodes.heads_above(self._floor(since))
        if is_audit:
            self._audit_at = began + AUDIT_SECONDS
        self.figures.repairs += 1
        self.figures.channels += suspect(heads)
        self.nothing_is_missing(began)

    def _floor(self, in_sync: float) -> MessageId:
        """An id: everything up to it was committed before `in_sync`, and has come."""
        settled = in_sync - SETTLED_SECONDS
        found = self._samples[0][1]
        for at, newest in self._samples:
            if at > settled:
                break
            found = newest
        return found
