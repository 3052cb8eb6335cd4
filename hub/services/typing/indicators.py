"""Typing indicators: checked, delivered, and ended if their client does not end them.

Guarantees: an indicator is delivered only after Postgres has confirmed that its author may message
its recipient, in no message request that waits, or may write in its channel; in a channel it is
never delivered across a block. A started indicator ends after `expiry` seconds without renewal,
when the author's message is delivered, when the author leaves the channel or the connection is
gone; its end is delivered once. An indicator from before a message is never delivered after it.
The same holds for indicators that began at another node: see `elsewhere.py`.
Must not know: sockets, dialects.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import structlog
import trio
from attrs import evolve

from hub.actor.client import Client
from hub.actor.letters import ChannelRoom, Delivery, Room
from hub.batching import Batcher
from hub.cluster.bulletins import Typed
from hub.cluster.elsewhere import Announcer, crossing
from hub.limits.quotas import Kind
from hub.services.presence.corrections import Corrections
from hub.services.typing.elsewhere import TypingElsewhere
from hub.services.typing.indicator import ChannelIndicator, Indicator
from hub.services.typing.running import End, Place, Running
from persistence.interface import Channels, Relations
from persistence.records import Draft, StoreUnavailable
from protocol.model import Channel, ChannelId, Message, User, UserId

log = structlog.get_logger(__name__)

AnyIndicator = TypeVar("AnyIndicator", Indicator, ChannelIndicator)


class TypingIndicators:
    """The typing indicators of all users.

    Args:
        relations: checks private indicators, a batch at a time.
        channels: checks those in other channels.
        announcer: delivers them.
        is_followed: whether any connection has joined a channel; called for dm channels, which
            few clients join.
        expiry: seconds after which a started indicator ends by itself, unless its client's
            dialect has another time.
    """

    def __init__(
        self,
        relations: Relations,
        channels: Channels,
        announcer: Announcer,
        *,
        is_followed: Callable[[ChannelId], bool],
        expiry: float,
    ) -> None:
        self._is_followed = is_followed
        self._relations = relations
        self._channels = channels
        self._announcer = announcer
        self._expiry = expiry
        self._checks = Batcher(self._check)
        self._channel_checks = Batcher(self._check_channels)
        self._running = Running()
        self._corrections = Corrections()
        self.elsewhere: Final = TypingElsewhere(self._running, self._corrections)
        self._count = 0
        self._unchecked: dict[int, Place] = {}  # by number
        # By place, the number of the last indicator before the event that ended it (the author's
        # message, leaving, a block); kept while indicators are unchecked.
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
        """Deliver the indicator if its author may write in the channel and is within their quota;
        drop it silently otherwise.
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
        if isinstance(room, ChannelRoom) and not disconnected:  # a disconnect: see `gone`
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

    def stopped_by_message(self, message: Message) -> list[Delivery]:
        """The deliveries before a message, which any node may have stored: the end of its author's
        indicator, if one is on. Indicators from before the message that arrive later from another
        node are dropped.
        """
        recipient_id = message.recipient_id
        to = ChannelRoom(message.channel_id) if recipient_id is None else recipient_id
        place = message.author_id, to
        if self._announcer.elsewhere.exists:
            self.elsewhere.message_delivered(place, message.seq)
        return self._running.stop(place)

    def stopped(self, author_id: UserId, recipient_id: UserId) -> list[Delivery]:
        """The deliveries that end the author's private indicator, if one is on; one that is being
        checked is dropped.
        """
        place = author_id, recipient_id
        self._note_over(place)
        self.elsewhere.refuse(place)
        return self._running.stop(place)

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
        """One of the two users blocks the other: the deliveries that end the author's indicators in
        channels, for everybody; new indicators of the author are not delivered to the user.
        """
        places = self._running.places(author=author_id)
        rooms = [place for place in places if isinstance(place[1], ChannelRoom)]
        ends = [delivery for place in rooms for delivery in self._running.stop(place)]
        self._corrections.note(author_id, user_id, knows=False)
        return ends

    async def run(self) -> None:
        """Check and expire indicators until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._checks.serve)
            nursery.start_soon(self._channel_checks.serve)
            while True:
                ended = await self._running.due()
                deliveries = [delivery for each in ended for delivery in each.deliveries]
                signs = (self._sign(each.place, each.deliveries) for each in ended if each.is_own)
                await self._announcer.show(deliveries, signs)

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
        shown: list[tuple[Indicator, list[Delivery]]] = []
        for indicator in batch:
            permit = permitted[indicator.pair]
            channel_id = permit.channel_id
            if channel_id is not None and not self._may_be_followed(channel_id):
                channel_id = None
            if not permit.allowed or self._is_over(indicator):
                continue
            shown.append((indicator, indicator.deliveries(channel_id)))
            self._note(indicator, indicator.end(permit.channel_id))
        await self._show(shown)

    async def _check_channels(self, batch: Sequence[ChannelIndicator]) -> None:
        try:
            await self._pass_on_in_channels(batch)
        finally:
            self._checked(batch)

    async def _pass_on_in_channels(self, batch: Sequence[ChannelIndicator]) -> None:
        pairs = list(dict.fromkeys((each.author.id, each.channel.id) for each in batch))
        lookup = self._corrections.begin()
        try:
            found = await self._channels.hidden_from(pairs)
        except StoreUnavailable as error:
            log.warning("typing_not_checked", count=len(batch), reason=str(error))
            return
        hidden_from = dict(zip(pairs, found, strict=True))
        shown: list[tuple[ChannelIndicator, list[Delivery]]] = []
        for indicator in batch:
            author_id = indicator.author.id
            hidden = hidden_from[author_id, indicator.channel.id]
            if hidden is None or self._is_over(indicator):
                continue
            hidden = lookup.viewers(hidden, author_id, knows=False)
            if not indicator.is_typing:
                hidden = self._running.hidden_from(indicator.place, hidden)
            visible = evolve(indicator, hidden_from=hidden)
            shown.append((visible, [visible.delivery()]))
            self._note(visible, visible.end(), hidden)
        await self._show(shown)

    async def _show(self, shown: Sequence[tuple[AnyIndicator, list[Delivery]]]) -> None:
        deliveries = [delivery for _, theirs in shown for delivery in theirs]
        signs = (self._sign(indicator.place, theirs, indicator) for indicator, theirs in shown)
        await self._announcer.show(deliveries, signs)

    def _may_be_followed(self, channel_id: ChannelId) -> bool:
        return self._announcer.elsewhere.exists or self._is_followed(channel_id)

    def _sign(
        self,
        place: Place,
        deliveries: Sequence[Delivery],
        indicator: Indicator | ChannelIndicator | None = None,
    ) -> Typed:
        """The sign for other nodes; without an indicator, the sign of an end."""
        author_id, to = place
        room = to if isinstance(to, ChannelRoom) else None
        return Typed(
            author_id,
            None if isinstance(to, ChannelRoom) else to,
            None if room is None else room.channel_id,
            is_typing=indicator is not None and indicator.is_typing,
            seconds=0.0 if indicator is None else self._seconds(indicator),
            after=self.elsewhere.last_message(place),
            reaching=crossing(deliveries),
        )

    def _seconds(self, indicator: Indicator | ChannelIndicator) -> float:
        """The seconds after which it ends by itself."""
        return indicator.source.typing_seconds or self._expiry

    def _note(
        self,
        indicator: Indicator | ChannelIndicator,
        end: End,
        hidden_from: frozenset[UserId] = frozenset(),
    ) -> None:
        if not indicator.is_typing:
            self._running.forget(indicator.place)
            return
        expires = trio.current_time() + self._seconds(indicator)
        self._running.start(indicator.place, indicator.source, end, expires, hidden_from)


def _place_of(draft: Draft) -> Place | None:
    if draft.channel_id is not None:
        return draft.author_id, ChannelRoom(draft.channel_id)
    return None if draft.recipient_id is None else (draft.author_id, draft.recipient_id)
