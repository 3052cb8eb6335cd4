"""Presence in channels: who is shown there, and to whom.

Guarantees: it is per user: announced at the first connection that joins, ended when the last one
leaves, or a grace period after it is gone; never across a block, and in a dm only to who may know
that the user is online: a message request shows nobody. While the store is unreachable changes
wait. Must not know: dialects, SQL, who may join.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import structlog
from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToRooms, ToUserInRoom
from hub.services.presence.attendance import Attendance
from hub.services.presence.corrections import Corrections, corrected
from persistence.interface import Relations
from persistence.records import PeerView, StoreUnavailable
from protocol.events import ChannelPresence
from protocol.model import ChannelId, User, UserId

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 1.0


@frozen(order=True)
class _Seat:
    """A user in a channel."""

    channel_id: ChannelId
    user_id: UserId
    username: str

    def event(self, *, online: bool) -> ChannelPresence:
        return ChannelPresence(self.channel_id, self.user_id, self.username, online)


class ChannelPresences:
    """The announced presence of users in channels. Implements `hub.actor.listeners.RoomListener`.

    Args:
        relations: names who blocks whom, a batch of users at a time, and what they may see.
        knows: whether a user who may see this much of a peer may know that they are online.
        grace: seconds between the end of a user's last connection and their absence.
    """

    def __init__(
        self, relations: Relations, knows: Callable[[PeerView], bool], *, grace: float
    ) -> None:
        self._relations = relations
        self._knows = knows
        self._grace = grace
        self._seats: Attendance[_Seat] = Attendance()
        self._corrections = Corrections()
        self._in_dms = Corrections()

    def entered(self, user: User, room: Room) -> None:
        """See `RoomListener`."""
        if isinstance(room, ChannelRoom):
            self._seats.arrived(_Seat(room.channel_id, user.id, user.username))

    def left(self, user: User, room: Room, *, disconnected: bool) -> None:
        """See `RoomListener`."""
        if isinstance(room, ChannelRoom):
            seat = _Seat(room.channel_id, user.id, user.username)
            self._seats.left(seat, self._grace if disconnected else 0.0)

    def shown(self, user_id: UserId, to: UserId, *, online: bool) -> list[Delivery]:
        """Show a user, in the channels where they are, to one that may from now on be shown them,
        or may not: then as gone.
        """
        self._corrections.note(user_id, to, knows=online)
        return self._shown(user_id, to, None, online=online)

    def shown_in_dm(
        self, dm: ChannelId | None, user_id: UserId, to: UserId, *, online: bool
    ) -> list[Delivery]:
        """The same in the dm of the two, if there is one."""
        self._in_dms.note(user_id, to, knows=online)
        return [] if dm is None else self._shown(user_id, to, dm, online=online)

    def _shown(
        self, user_id: UserId, to: UserId, only: ChannelId | None, *, online: bool
    ) -> list[Delivery]:
        return [
            Delivery(seat.event(online=online), ToUserInRoom(to, ChannelRoom(seat.channel_id)))
            for seat in sorted(self._seats.announced() if online else self._seats.shown())
            if seat.user_id == user_id and only in (None, seat.channel_id)
        ]

    def present(self, channel_id: ChannelId, users: Iterable[User]) -> Iterator[ChannelPresence]:
        """Those of the users that were announced in a channel."""
        announced = self._seats.announced()
        for user in users:
            seat = _Seat(channel_id, user.id, user.username)
            if seat in announced:
                yield seat.event(online=True)

    async def run(self, hub: Hub) -> None:
        """Announce changes to `hub` until cancelled."""
        while True:
            await self._announce(hub, await self._seats.due())

    async def _announce(self, hub: Hub, changes: Sequence[_Seat]) -> None:
        dms = _dms_of(hub, changes)
        with self._corrections.of_lookup() as corrections, self._in_dms.of_lookup() as in_dms:
            hidden = await self._hidden_from(changes, dms)
        if hidden is None:
            for seat in changes:
                self._seats.postpone(seat, RETRY_SECONDS)
            return
        deliveries: list[Delivery] = []
        for seat in changes:
            online = self._seats.announce(seat)
            if online is None:  # meanwhile the user left or came back
                continue
            unseen = corrected(hidden[seat], seat.user_id, corrections, knows=False)
            if seat in dms:
                unseen = corrected(unseen, seat.user_id, in_dms, knows=False)
            rooms = ToRooms((ChannelRoom(seat.channel_id),), besides_users=unseen | {seat.user_id})
            deliveries.append(Delivery(seat.event(online=online), rooms))
        await hub.broadcast(deliveries)

    async def _hidden_from(
        self, seats: Sequence[_Seat], dms: Mapping[_Seat, UserId]
    ) -> Mapping[_Seat, frozenset[UserId]] | None:
        """From whom each user is hidden where they are; None when that is not known now."""
        try:
            blocked = await self._relations.blocked_either_way({seat.user_id for seat in seats})
            pairs = [(peer, seat.user_id) for seat, peer in dms.items()]
            views = await self._relations.peer_views(pairs) if pairs else ()
        except StoreUnavailable as error:
            log.warning("presence_not_checked", count=len(seats), reason=str(error))
            return None
        unknown = {
            seat: peer
            for (seat, peer), view in zip(dms.items(), views, strict=True)
            if not self._knows(view)
        }
        return {
            seat: blocked.get(seat.user_id, frozenset())
            | ({unknown[seat]} if seat in unknown else frozenset())
            for seat in seats
        }


def _dms_of(hub: Hub, seats: Sequence[_Seat]) -> dict[_Seat, UserId]:
    """The other user of the dm, for the seats that are in one; nobody is in the others that are
    not known by now.
    """
    channels = ((seat, hub.channel_of(ChannelRoom(seat.channel_id))) for seat in seats)
    found = ((seat, channel.peer_of(seat.user_id)) for seat, channel in channels if channel)
    return {seat: peer for seat, peer in found if peer is not None}
