"""What a node may have missed is read from the log.

Guarantees: once a repair is done, whatever was committed before it began and concerns somebody here
is delivered, or its conversation is known to lack it and is read. How far back it looks depends on
the time since when bulletins may be missing, not on how long that lasted. Must not know: what
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
"""A statement ends within 5 s, and what it stored is published within another one, or its node
sends no heartbeats: what was given an id so long before everything had come has come, or never
will.
"""
AUDIT_SECONDS: Final = 60.0


class Suspect(Protocol):
    """What reads conversations that may lack something."""

    def __call__(self, heads: Sequence[Head]) -> int:
        """Have those of these channels read that somebody here wants, as far as they lack
        something; returns how many. Must not block.
        """


@define
class RepairFigures:
    """Since the start. `repairs`: times that the log was looked at; `channels`: that lacked
    something then.
    """

    repairs: int = 0
    channels: int = 0


class Repair:
    """Looks into the log for what bulletins did not say.

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
        """Up to when everything has come that other nodes stored."""
        self._audit_at = inf

    async def begin_anew(self) -> None:
        """Nothing is missing up to now. Raises StoreUnavailable."""
        newest = await self._messages.last_id()
        self.in_sync = trio.current_time()
        self._audit_at = self.in_sync + AUDIT_SECONDS
        self._samples.clear()
        self._samples.append((-inf, newest))

    def nothing_is_missing(self, until: float) -> None:
        """Everything that was published until then has come."""
        self.in_sync = max(self.in_sync, until)

    @property
    def is_due(self) -> bool:
        """Whether the log is to be looked at although nothing seems to be missing."""
        return trio.current_time() >= self._audit_at

    async def sample(self) -> None:
        """Note the newest id, now and then. Raises StoreUnavailable."""
        now = trio.current_time()
        if now < self._samples[-1][0] + SAMPLE_SECONDS:
            return
        newest = await self._messages.last_id()
        self._samples.append((trio.current_time(), newest))  # it was given before
        needed = min(self.in_sync, now - AUDIT_SECONDS) - SETTLED_SECONDS
        while len(self._samples) > 1 and self._samples[1][0] <= needed:
            self._samples.popleft()

    async def run_once(self, suspect: Suspect) -> None:
        """Look into the log, from where nothing was missing, and now and then further back.

        Args:
            suspect: reads what moved since.

        Raises:
            StoreUnavailable: it cannot be read now.
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
        """Everything with an id up to this one was committed before that time, and has come."""
        settled = in_sync - SETTLED_SECONDS
        found = self._samples[0][1]
        for at, newest in self._samples:
            if at > settled:
                break
            found = newest
        return found
