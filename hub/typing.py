"""Typing indicators: permitted, passed on, and ended when nobody ends them.

Guarantees: an indicator goes out only after Postgres said that its author may message its
recipient, or may see its channel; a started private one ends after `expiry` seconds without
renewal, or when the author's message is delivered, and the recipient is told exactly once.
Must not know: sockets, dialects.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
import trio
from attrs import evolve, frozen

from hub.batching import Batcher
from hub.client import Client
from hub.hub import Hub
from hub.letters import ChannelRoom, Delivery, Room, ToRooms, ToUsers, WorkspaceRoom
from persistence.interface import Channels, Draft, Relations, StoreUnavailable
from protocol.events import ChannelTyping, TypingChanged
from protocol.model import Channel, ChannelId, User, UserId

log = structlog.get_logger(__name__)

_Pair: TypeAlias = tuple[UserId, UserId]


@frozen
class _Indicator:
    """To one recipient. `source`: the connection that may not hear of it. `number`: later ones have
    higher numbers.
    """

    author: User
    recipient_id: UserId
    is_typing: bool
    source: Client
    number: int

    @property
    def pair(self) -> _Pair:
        return self.author.id, self.recipient_id

    def delivery(self) -> Delivery:
        event = TypingChanged(
            self.author.id,
            self.author.username,
            self.author.name,
            self.recipient_id,
            self.is_typing,
            datetime.now(UTC),
        )
        return Delivery(event, ToUsers((self.recipient_id,)))

    def in_channel(self, channel_id: ChannelId) -> Delivery:
        """The same, to who has joined the dm channel of the two."""
        event = ChannelTyping(channel_id, None, self.author.id, self.author.username)
        return Delivery(event, ToRooms((ChannelRoom(channel_id),), besides=self.source))


@frozen
class _ChannelIndicator:
    author: User
    channel: Channel
    source: Client

    def delivery(self) -> Delivery:
        channel = self.channel
        rooms: list[Room] = [ChannelRoom(channel.id)]
        if channel.workspace_id is not None:
            rooms.append(WorkspaceRoom(channel.workspace_id))
        event = ChannelTyping(
            channel.id, channel.workspace_id, self.author.id, self.author.username
        )
        return Delivery(event, ToRooms(rooms, besides=self.source))


class TypingIndicators:
    """Who is typing to whom, and where.

    Args:
        relations: asked whether a private indicator may go out, a batch at a time.
        channels: asked whether one in a channel may.
        hub: passes them on.
        expiry: seconds after which a started private indicator ends by itself.
    """

    def __init__(
        self, relations: Relations, channels: Channels, hub: Hub, *, expiry: float
    ) -> None:
        self._relations = relations
        self._channels = channels
        self._hub = hub
        self._expiry = expiry
        self._checks = Batcher(self._check)
        self._channel_checks = Batcher(self._check_channels)
        # Renewals move an entry to the end, so the first entry is always the next to expire.
        self._active: dict[_Pair, tuple[float, _Indicator]] = {}
        self._started = trio.Event()
        self._count = 0
        self._unchecked = 0
        # The last indicator before the author's latest message, while some are still unchecked.
        self._answered: dict[_Pair, int] = {}

    async def to_user(self, client: Client, recipient_id: UserId, *, is_typing: bool) -> None:
        """Pass the indicator on if its author may message the recipient; else drop it silently."""
        self._count += 1
        self._unchecked += 1
        indicator = _Indicator(client.user, recipient_id, is_typing, client, self._count)
        try:
            await self._checks.put(indicator)
        except BaseException:
            self._unchecked -= 1
            raise

    async def in_channel(self, client: Client, channel: Channel) -> None:
        """Pass the indicator on if its author may see the channel; else drop it silently."""
        peer = channel.peer_of(client.user.id)
        if peer is None:
            await self._channel_checks.put(_ChannelIndicator(client.user, channel, client))
        else:
            await self.to_user(client, peer, is_typing=True)

    def message_accepted(self, draft: Draft) -> None:
        """What the author typed before this message is over, even if it was not checked yet."""
        if self._unchecked and draft.recipient_id is not None:
            self._answered[draft.author_id, draft.recipient_id] = self._count

    def stopped_by_message(self, draft: Draft) -> list[Delivery]:
        """What to deliver before the author's message: the end of their indicator, if one is on."""
        if draft.recipient_id is None:
            return []
        active = self._active.pop((draft.author_id, draft.recipient_id), None)
        return [] if active is None else [evolve(active[1], is_typing=False).delivery()]

    async def run(self) -> None:
        """Check and expire indicators until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._checks.serve)
            nursery.start_soon(self._channel_checks.serve)
            nursery.start_soon(self._expire)

    async def _check(self, batch: Sequence[_Indicator]) -> None:
        try:
            await self._pass_on(batch)
        finally:
            self._unchecked -= len(batch)
            if not self._unchecked:
                self._answered.clear()

    async def _pass_on(self, batch: Sequence[_Indicator]) -> None:
        pairs = list(dict.fromkeys(indicator.pair for indicator in batch))
        try:
            permits = await self._relations.may_message(pairs)
        except StoreUnavailable as error:
            log.warning("typing_not_checked", count=len(batch), reason=str(error))
            return
        permitted = dict(zip(pairs, permits, strict=True))
        deliveries: list[Delivery] = []
        for indicator in batch:
            permit = permitted[indicator.pair]
            is_over = indicator.number <= self._answered.get(indicator.pair, 0)
            if not permit.allowed or (indicator.is_typing and is_over):
                continue
            self._note(indicator)
            deliveries.append(indicator.delivery())
            if permit.channel_id is not None and indicator.is_typing:
                deliveries.append(indicator.in_channel(permit.channel_id))
        await self._hub.broadcast(deliveries)

    async def _check_channels(self, batch: Sequence[_ChannelIndicator]) -> None:
        pairs = list(dict.fromkeys((each.author.id, each.channel.id) for each in batch))
        try:
            verdicts = await self._channels.may_join(pairs)
        except StoreUnavailable as error:
            log.warning("typing_not_checked", count=len(batch), reason=str(error))
            return
        allowed = {pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict}
        await self._hub.broadcast(
            [each.delivery() for each in batch if (each.author.id, each.channel.id) in allowed]
        )

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
            ended.append(evolve(indicator, is_typing=False).delivery())
        return ended
