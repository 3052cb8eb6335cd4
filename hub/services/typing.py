"""Typing indicators: checked, delivered, and ended if their client does not end them.

Guarantees: an indicator is delivered only after Postgres has confirmed that its author may message
its recipient, or may see its channel; a started one ends after `expiry` seconds without renewal,
when the author's message is delivered or the author's connection is gone, and its end is delivered
once. Must not know: sockets, dialects.
"""

import heapq
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import TypeAlias

import structlog
import trio
from attrs import evolve, frozen

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToRooms, ToUsers, WorkspaceRoom
from hub.batching import Batcher
from persistence.interface import Channels, Relations
from persistence.records import Draft, StoreUnavailable
from protocol.events import ChannelTyping, TypingChanged
from protocol.model import Channel, ChannelId, User, UserId

log = structlog.get_logger(__name__)

_Pair: TypeAlias = tuple[UserId, UserId]
_Place: TypeAlias = tuple[UserId, UserId | ChannelRoom]  # author, and recipient or channel


@frozen
class _Indicator:
    """An indicator for one recipient. `source`: the connection that sent it and does not get it.
    `number`: later ones have higher numbers.
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

    def deliveries(self, channel_id: ChannelId | None) -> list[Delivery]:
        """To the recipient, and to connections that have joined the dm channel, if there is one."""
        if channel_id is None:
            return [self.delivery()]
        event = ChannelTyping(channel_id, None, self.author, self.is_typing)
        rooms = ToRooms((ChannelRoom(channel_id),), besides=self.source)
        return [self.delivery(), Delivery(event, rooms)]


@frozen
class _ChannelIndicator:
    author: User
    channel: Channel
    is_typing: bool
    source: Client

    @property
    def place(self) -> _Place:
        return self.author.id, ChannelRoom(self.channel.id)

    def delivery(self) -> Delivery:
        channel = self.channel
        rooms: list[Room] = [ChannelRoom(channel.id)]
        if channel.workspace_id is not None:
            rooms.append(WorkspaceRoom(channel.workspace_id))
        event = ChannelTyping(channel.id, channel.workspace_id, self.author, self.is_typing)
        return Delivery(event, ToRooms(rooms, besides=self.source))


@frozen
class _Running:
    """An indicator that is on: when it ends, the deliveries of its end, and the connection that
    started it. `number` identifies its entry in the heap of ends; a renewed one keeps it.
    """

    expires: float
    end: Callable[[], list[Delivery]]
    source: Client
    number: int


class TypingIndicators:
    """The typing indicators of all users.

    Args:
        relations: checks private indicators, a batch at a time.
        channels: checks those in other channels.
        hub: delivers them.
        is_followed: whether any connection has joined a channel; asked for dm channels, which few
            clients join.
        expiry: seconds after which a started indicator ends by itself, unless its client's
            dialect says otherwise.
    """

    def __init__(
        self,
        relations: Relations,
        channels: Channels,
        hub: Hub,
        *,
        is_followed: Callable[[ChannelId], bool],
        expiry: float,
    ) -> None:
        self._is_followed = is_followed
        self._relations = relations
        self._channels = channels
        self._hub = hub
        self._expiry = expiry
        self._checks = Batcher(self._check)
        self._channel_checks = Batcher(self._check_channels)
        self._active: dict[_Place, _Running] = {}
        # A heap of times to look at indicators; an entry is valid while its number is in use.
        self._ends: list[tuple[float, int, _Place]] = []
        self._started = trio.Event()
        self._count = 0
        self._unchecked = 0
        # The last indicator before the author's latest message, while some are still unchecked.
        self._answered: dict[_Pair, int] = {}

    async def to_user(self, client: Client, recipient_id: UserId, *, is_typing: bool) -> None:
        """Deliver the indicator if its author may message the recipient and is within their quota;
        drop it silently otherwise.
        """
        if not client.quota.typing.take(trio.current_time()):
            return
        self._count += 1
        self._unchecked += 1
        indicator = _Indicator(client.user, recipient_id, is_typing, client, self._count)
        try:
            await self._checks.put(indicator)
        except BaseException:
            self._unchecked -= 1
            raise

    async def in_channel(self, client: Client, channel: Channel, *, is_typing: bool) -> None:
        """Deliver the indicator if its author may see the channel and is within their quota; drop
        it silently otherwise.
        """
        peer = channel.peer_of(client.user.id)
        if peer is None:
            if not client.quota.typing.take(trio.current_time()):
                return
            indicator = _ChannelIndicator(client.user, channel, is_typing, client)
            await self._channel_checks.put(indicator)
        else:
            await self.to_user(client, peer, is_typing=is_typing)

    def gone(self, client: Client) -> None:
        """The connection ended: the indicators that it started end now."""
        now = trio.current_time()
        for place, running in tuple(self._active.items()):
            if running.source is client:
                self._run_until(place, evolve(running, expires=now))

    def message_accepted(self, draft: Draft) -> None:
        """The author's indicators from before this message are over, even those not checked yet."""
        if self._unchecked and draft.recipient_id is not None:
            self._answered[draft.author_id, draft.recipient_id] = self._count

    def stopped_by_message(self, draft: Draft) -> list[Delivery]:
        """The deliveries before the author's message: the end of their indicator, if one is on."""
        where: UserId | ChannelRoom | None = draft.recipient_id
        if draft.channel_id is not None:
            where = ChannelRoom(draft.channel_id)
        running = None if where is None else self._active.pop((draft.author_id, where), None)
        return [] if running is None else running.end()

    def stopped(self, author_id: UserId, recipient_id: UserId) -> list[Delivery]:
        """The deliveries that end the author's private indicator, if one is on; one that is being
        checked is dropped.
        """
        if self._unchecked:
            self._answered[author_id, recipient_id] = self._count
        running = self._active.pop((author_id, recipient_id), None)
        return [] if running is None else running.end()

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
            channel_id = permit.channel_id
            if channel_id is not None and not self._is_followed(channel_id):
                channel_id = None
            is_over = indicator.number <= self._answered.get(indicator.pair, 0)
            if not permit.allowed or (indicator.is_typing and is_over):
                continue
            deliveries += indicator.deliveries(channel_id)
            end = partial(_end, indicator, permit.channel_id)
            self._note(indicator.pair, indicator.source, end, is_typing=indicator.is_typing)
        await self._hub.broadcast(deliveries)

    async def _check_channels(self, batch: Sequence[_ChannelIndicator]) -> None:
        pairs = list(dict.fromkeys((each.author.id, each.channel.id) for each in batch))
        try:
            verdicts = await self._channels.may_join(pairs)
        except StoreUnavailable as error:
            log.warning("typing_not_checked", count=len(batch), reason=str(error))
            return
        allowed = {pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict}
        deliveries: list[Delivery] = []
        for indicator in batch:
            if (indicator.author.id, indicator.channel.id) in allowed:
                deliveries.append(indicator.delivery())
                end = partial(_channel_end, indicator)
                self._note(indicator.place, indicator.source, end, is_typing=indicator.is_typing)
        await self._hub.broadcast(deliveries)

    def _note(
        self, place: _Place, source: Client, end: Callable[[], list[Delivery]], *, is_typing: bool
    ) -> None:
        before = self._active.pop(place, None)
        if not is_typing:
            return
        expires = trio.current_time() + (source.typing_seconds or self._expiry)
        if before is not None and before.expires <= expires:
            # its entry is moved when the old end is reached
            self._active[place] = _Running(expires, end, source, before.number)
        else:
            self._count += 1
            self._run_until(place, _Running(expires, end, source, self._count))

    def _run_until(self, place: _Place, running: _Running) -> None:
        self._active[place] = running
        heapq.heappush(self._ends, (running.expires, running.number, place))
        self._started.set()

    async def _expire(self) -> None:
        while True:
            self._started = trio.Event()
            with trio.move_on_at(self._ends[0][0] if self._ends else inf):
                await self._started.wait()
            await self._hub.broadcast(self._take_expired())

    def _take_expired(self) -> list[Delivery]:
        now = trio.current_time()
        ended: list[Delivery] = []
        while self._ends and self._ends[0][0] <= now:
            _, number, place = heapq.heappop(self._ends)
            running = self._active.get(place)
            if running is None or running.number != number:
                continue
            if running.expires > now:
                heapq.heappush(self._ends, (running.expires, number, place))
            else:
                del self._active[place]
                ended += running.end()
        return ended


def _end(indicator: _Indicator, channel_id: ChannelId | None) -> list[Delivery]:
    return evolve(indicator, is_typing=False).deliveries(channel_id)


def _channel_end(indicator: _ChannelIndicator) -> list[Delivery]:
    return [evolve(indicator, is_typing=False).delivery()]
