"""Typing indicators: permitted, passed on, and ended when nobody ends them.

Guarantees: an indicator goes out only after Postgres said that its author may message its
recipient; a started one ends after `expiry` seconds without renewal, or when the author's message
is delivered, and the recipient is told exactly once. Must not know: sockets, dialects.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
import trio
from attrs import frozen

from hub.batching import Batcher
from hub.hub import Hub
from hub.letters import Delivery, ToUsers
from persistence.interface import Draft, Relations, StoreUnavailable
from protocol.commands import SetTyping
from protocol.events import TypingChanged
from protocol.model import User, UserId

log = structlog.get_logger(__name__)

_Pair: TypeAlias = tuple[UserId, UserId]


@frozen
class _Indicator:
    author: User
    recipient_id: UserId
    is_typing: bool

    @property
    def pair(self) -> _Pair:
        return self.author.id, self.recipient_id

    def delivery(self) -> Delivery:
        event = TypingChanged(
            self.author.id, self.author.name, self.recipient_id, self.is_typing, datetime.now(UTC)
        )
        return Delivery(event, ToUsers((self.recipient_id,)))

    def ended(self) -> "_Indicator":
        return _Indicator(self.author, self.recipient_id, is_typing=False)


class TypingIndicators:
    """Who is typing to whom.

    Args:
        relations: asked whether an indicator may go out, a batch at a time.
        hub: passes it on.
        expiry: seconds after which a started indicator ends by itself.
    """

    def __init__(self, relations: Relations, hub: Hub, *, expiry: float) -> None:
        self._relations = relations
        self._hub = hub
        self._expiry = expiry
        self._checks = Batcher(self._check)
        # Renewals move an entry to the end, so the first entry is always the next to expire.
        self._active: dict[_Pair, tuple[float, _Indicator]] = {}
        self._started = trio.Event()

    async def set(self, author: User, command: SetTyping) -> None:
        """Pass the indicator on if its author may message the recipient; else drop it silently."""
        await self._checks.put(_Indicator(author, command.recipient_id, command.is_typing))

    def stopped_by_message(self, draft: Draft) -> list[Delivery]:
        """What to deliver before the author's message: the end of their indicator, if one is on."""
        active = self._active.pop((draft.author_id, draft.recipient_id), None)
        return [] if active is None else [active[1].ended().delivery()]

    async def run(self) -> None:
        """Check and expire indicators until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._checks.serve)
            nursery.start_soon(self._expire)

    async def _check(self, batch: Sequence[_Indicator]) -> None:
        pairs = list(dict.fromkeys(indicator.pair for indicator in batch))
        try:
            verdicts = await self._relations.may_message(pairs)
        except StoreUnavailable as error:
            log.warning("typing_not_checked", count=len(batch), reason=str(error))
            return
        allowed = {pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict}
        passed = [indicator for indicator in batch if indicator.pair in allowed]
        for indicator in passed:
            self._note(indicator)
        await self._hub.broadcast([indicator.delivery() for indicator in passed])

    def _note(self, indicator: _Indicator) -> None:
        self._active.pop(indicator.pair, None)
        if indicator.is_typing:
            self._active[indicator.pair] = (trio.current_time() + self._expiry, indicator)
            self._started.set()

    async def _expire(self) -> None:
        while True:
            while not self._active:
                self._started = trio.Event()
                await self._started.wait()
            expires, _ = next(iter(self._active.values()))
            await trio.sleep_until(expires)
            await self._hub.broadcast(self._take_expired())

    def _take_expired(self) -> list[Delivery]:
        now = trio.current_time()
        ended: list[Delivery] = []
        while self._active:
            pair, (expires, indicator) = next(iter(self._active.items()))
            if expires > now:
                break
            del self._active[pair]
            ended.append(indicator.ended().delivery())
        return ended
