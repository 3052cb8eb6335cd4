"""Typing indicators: checked, delivered, and ended if their client does not end them.

Guarantees: an indicator is delivered only after Postgres has confirmed that its author may message
its recipient, and is no stranger to them whose messages wait, or may see its channel, and in a
channel not across a block; a started one ends after
`expiry` seconds without renewal, when the author's message is delivered, when the author leaves the
channel or the connection is gone, and its end is delivered once. What was typed before a message is
never delivered after it. Must not know: sockets, dialects.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
import trio
from attrs import evolve

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room
from hub.batching import Batcher
from hub.limits.quotas import Kind
from hub.services.presence.corrections import Corrections, corrected
from hub.services.typing.indicator import ChannelIndicator, Indicator
from hub.services.typing.running import End, Place, Running
from persistence.interface import Channels, Relations
from persistence.records import Draft, StoreUnavailable
from protocol.model import Channel, ChannelId, User, UserId

log = structlog.get_logger(__name__)

AnyIndicator = TypeVar("AnyIndicator", Indicator, ChannelIndicator)


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
        self._running = Running()
        self._corrections = Corrections()
        self._count = 0
        self._unchecked: dict[int, Place] = {}  # by number
        # The last indicator before what ended it (the author's message, leaving, a block), while
        # some are still unchecked.
        self._over: dict[Place, int] = {}

    async def to_user(self, client: Client, recipient_id: UserId, *, is_typing: bool) -> None:
        """Deliver the indicator if its author may message the recipient and is within their quota;
        drop it silently otherwise.
        """
        if not client.quota.take(Kind.TYPING, trio.current_time()):
            return
        indicator = Indicator(client.user, recipient_id, is_typing, client, self._number())
        await self._put(self._checks, indicator)

    async def in_channel(self, client: Client, channel: Channel, *, is_typing: bool) -> None:
        """Deliver the indicator if its author may see the channel and is within their quota; drop
        it silently otherwise.
        """
        peer = channel.peer_of(client.user.id)
        if peer is None:
            if not client.quota.take(Kind.TYPING, trio.current_time()):
                return
            indicator = ChannelIndicator(client.user, channel, is_typing, client, self._number())
            await self._put(self._channel_checks, indicator)
        else:
            await self.to_user(client, peer, is_typing=is_typing)

    def gone(self, client: Client) -> None:
        """The connection ended: the indicators that it started end now."""
        self._running.end_now(self._running.places(source=client))

    def entered(self, user: User, room: Room) -> None:
        """See `hub.actor.listeners.RoomListener`."""

    def left(self, user: User, room: Room, *, disconnected: bool) -> None:
        """No connection of the user is in the channel any more: their indicator there ends now."""
        if isinstance(room, ChannelRoom) and not disconnected:  # `gone` knows which ones began here
            self._end_now((user.id, room))

    def left_by(self, client: Client, channel: Channel) -> None:
        """The connection leaves a channel: the indicator that it started there ends now."""
        peer = channel.peer_of(client.user.id)
        place = (client.user.id, ChannelRoom(channel.id) if peer is None else peer)
        if place in self._running.places(source=client):
            self._end_now(place)

    def message_accepted(self, draft: Draft) -> None:
        """The author's indicators from before this message are over, even those not checked yet."""
        place = _place_of(draft)
        if place is not None:
            self._note_over(place)

    def stopped_by_message(self, draft: Draft) -> list[Delivery]:
        """The deliveries before the author's message: the end of their indicator, if one is on."""
        place = _place_of(draft)
        return [] if place is None else self._running.stop(place)

    def stopped(self, author_id: UserId, recipient_id: UserId) -> list[Delivery]:
        """The deliveries that end the author's private indicator, if one is on; one that is being
        checked is dropped.
        """
        self._note_over((author_id, recipient_id))
        return self._running.stop((author_id, recipient_id))

    def concerning(self, user_id: UserId) -> set[tuple[UserId, UserId]]:
        """The recipient and the author of each private indicator that is on or being checked, where
        the user is one of the two.
        """
        return {
            (to, author_id)
            for author_id, to in (*self._running.places(), *self._unchecked.values())
            if not isinstance(to, ChannelRoom) and author_id != to and user_id in (author_id, to)
        }

    def hidden(self, author_id: UserId, user_id: UserId) -> list[Delivery]:
        """One of the two blocks the other: the deliveries that end the author's indicators in
        channels, for everybody; what the author types from now on is not delivered to the user.
        """
        self._corrections.note(author_id, user_id, knows=False)
        places = self._running.places(author=author_id)
        rooms = [place for place in places if isinstance(place[1], ChannelRoom)]
        return [delivery for place in rooms for delivery in self._running.stop(place)]

    async def run(self) -> None:
        """Check and expire indicators until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._checks.serve)
            nursery.start_soon(self._channel_checks.serve)
            while True:
                await self._hub.broadcast(await self._running.due())

    def _number(self) -> int:
        self._count += 1
        return self._count

    async def _put(self, checks: Batcher[AnyIndicator], indicator: AnyIndicator) -> None:
        self._unchecked[indicator.number] = indicator.place
        try:
            await checks.put(indicator)
        except BaseException:
            self._checked((indicator,))
            raise

    def _checked(self, batch: Sequence[Indicator] | Sequence[ChannelIndicator]) -> None:
        for indicator in batch:
            del self._unchecked[indicator.number]
        if not self._unchecked:
            self._over.clear()

    def _note_over(self, place: Place) -> None:
        if self._unchecked:
            self._over[place] = self._count

    def _end_now(self, place: Place) -> None:
        self._note_over(place)
        self._running.end_now((place,))

    def _is_over(self, indicator: Indicator | ChannelIndicator) -> bool:
        return indicator.is_typing and indicator.number <= self._over.get(indicator.place, 0)

    async def _check(self, batch: Sequence[Indicator]) -> None:
        try:
            await self._pass_on(batch)
        finally:
            self._checked(batch)

    async def _pass_on(self, batch: Sequence[Indicator]) -> None:
        pairs = list(dict.fromkeys(indicator.pair for indicator in batch))
        try:
            permits = await self._relations.may_show_typing(pairs)
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
            if not permit.allowed or self._is_over(indicator):
                continue
            deliveries += indicator.deliveries(channel_id)
            self._note(indicator, indicator.end(permit.channel_id))
        await self._hub.broadcast(deliveries)

    async def _check_channels(self, batch: Sequence[ChannelIndicator]) -> None:
        try:
            await self._pass_on_in_channels(batch)
        finally:
            self._checked(batch)

    async def _pass_on_in_channels(self, batch: Sequence[ChannelIndicator]) -> None:
        pairs = list(dict.fromkeys((each.author.id, each.channel.id) for each in batch))
        with self._corrections.of_lookup() as corrections:
            try:
                found = await self._channels.hidden_from(pairs)
            except StoreUnavailable as error:
                log.warning("typing_not_checked", count=len(batch), reason=str(error))
                return
        hidden_from = dict(zip(pairs, found, strict=True))
        deliveries: list[Delivery] = []
        for indicator in batch:
            author_id = indicator.author.id
            hidden = hidden_from[author_id, indicator.channel.id]
            if hidden is None or self._is_over(indicator):
                continue
            hidden = corrected(hidden, author_id, corrections, knows=False)
            shown = evolve(indicator, hidden_from=hidden)
            deliveries.append(shown.delivery())
            self._note(shown, shown.end())
        await self._hub.broadcast(deliveries)

    def _note(self, indicator: Indicator | ChannelIndicator, end: End) -> None:
        if not indicator.is_typing:
            self._running.forget(indicator.place)
            return
        source = indicator.source
        expires = trio.current_time() + (source.typing_seconds or self._expiry)
        self._running.start(indicator.place, source, end, expires)


def _place_of(draft: Draft) -> Place | None:
    if draft.channel_id is not None:
        return draft.author_id, ChannelRoom(draft.channel_id)
    return None if draft.recipient_id is None else (draft.author_id, draft.recipient_id)
