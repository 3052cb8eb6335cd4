"""Presence in channels: which users are shown there, and to whom.

Guarantees: it is per user: announced at the first connection that joins, ended when the last one
leaves, or a grace period after it is lost; never across a block, and in a dm only to a user who
may know that the other one is online, so not in a message request. While the store is unreachable
changes wait. Must not know: dialects, SQL, who may join.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import structlog
import trio

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Room, ToRooms, ToUserInRoom
from hub.cluster.bulletins import Seat, Shown, Sign
from hub.cluster.elsewhere import NOWHERE, Announcer, Elsewhere, crossing
from hub.services.presence.attendance import MAX_BATCH, OWN, PAUSE_SECONDS, Attendance
from hub.services.presence.corrections import Corrections
from persistence.interface import Relations
from persistence.records import PeerView, StoreUnavailable
from protocol.events import ChannelPresence
from protocol.model import Channel, ChannelId, User, UserId

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 1.0


class ChannelPresences:
    """The announced presence of users in channels. Implements `hub.actor.listeners.RoomListener`.

    Args:
        relations: returns the blocks of users, a batch at a time, and what they may see.
        knows: whether a user who may see this much of a peer may know that they are online.
        channel_of: the channel of a room in which a connection is.
        grace: seconds between the end of a user's last connection and their absence.
        elsewhere: the other nodes.

    `stays`: see `Presence`.
    """

    def __init__(
        self,
        relations: Relations,
        knows: Callable[[PeerView], bool],
        channel_of: Callable[[ChannelRoom], Channel | None],
        *,
        grace: float,
        elsewhere: Elsewhere = NOWHERE,
    ) -> None:
        self._relations = relations
        self._knows = knows
        self._channel_of = channel_of
        self._grace = grace
        self._elsewhere = elsewhere
        self._taken: dict[tuple[ChannelId, UserId], Seat] = {}  # at this node
        self._by_channel: dict[ChannelId, dict[Seat, None]] = {}  # those that were announced
        self.attendance: Final[Attendance[Seat]] = Attendance()
        self.stays = False
        self._corrections = Corrections()
        self._in_dms = Corrections()

    def entered(self, user: User, room: Room) -> None:
        """See `RoomListener`."""
        if isinstance(room, ChannelRoom):
            channel = self._channel_of(room)
            peer_id = None if channel is None else channel.peer_of(user.id)
            seat = Seat(room.channel_id, user.id, user.username, peer_id)
            self._taken[room.channel_id, user.id] = seat
            if self.stays and self.attendance.is_at(seat, OWN):
                return
            self._elsewhere.moved(seat, is_here=True)
            self.attendance.arrived(seat)

    def left(self, user: User, room: Room, *, disconnected: bool) -> None:
        """See `RoomListener`."""
        if isinstance(room, ChannelRoom):
            seat = self._taken.pop((room.channel_id, user.id))
            if self.stays and disconnected:
                return
            self._elsewhere.moved(seat, is_here=False)
            self.attendance.left(seat, self._grace if disconnected else 0.0)

    def shown(self, user_id: UserId, to: UserId, *, online: bool) -> list[Delivery]:
        """The deliveries that show a user, in the channels where they are, to another one, who may
        see it from now on; or as gone (`online` is False), when the other one may no longer.
        """
        self._corrections.note(user_id, to, knows=online)
        return self._shown(user_id, to, None, online=online)

    def shown_in_dm(
        self, dm: ChannelId | None, user_id: UserId, to: UserId, *, online: bool
    ) -> list[Delivery]:
        """As `shown`, in the dm of the two, if there is one."""
        self._in_dms.note(user_id, to, knows=online)
        return [] if dm is None else self._shown(user_id, to, dm, online=online)

    def _shown(
        self, user_id: UserId, to: UserId, only: ChannelId | None, *, online: bool
    ) -> list[Delivery]:
        return [
            Delivery(_event(seat, online=online), ToUserInRoom(to, ChannelRoom(seat.channel_id)))
            for seat in sorted(self.attendance.announced() if online else self.attendance.shown())
            if seat.user_id == user_id and only in (None, seat.channel_id)
        ]

    def present(self, channel_id: ChannelId) -> Iterator[ChannelPresence]:
        """The users that were announced in a channel, as events."""
        return (_event(seat, online=True) for seat in self._by_channel.get(channel_id, ()))

    def heard(self, sign: Shown, seat: Seat) -> Sequence[Delivery]:
        """What is delivered here when another node has announced a user in a channel."""
        if not self.attendance.heard(seat, self._grace, online=sign.online):
            return ()
        self._index(seat, online=sign.online)
        return self._corrections.deliveries(seat.user_id, sign.reaching)

    async def run(self, hub: Hub) -> None:
        """Announce changes to `hub`, and to the other nodes, until cancelled."""
        while True:
            changes = await self.attendance.due()
            await self._announce(hub, changes)
            if len(changes) == MAX_BATCH:
                await trio.sleep(PAUSE_SECONDS)

    async def _announce(self, hub: Hub, changes: Mapping[Seat, bool]) -> None:
        lookup, in_dms = self._corrections.begin(), self._in_dms.begin()
        hidden = await self._hidden_from(tuple(changes))
        if hidden is None:
            for seat, everywhere in changes.items():
                self.attendance.postpone(seat, RETRY_SECONDS, everywhere=everywhere)
            return
        deliveries: list[Delivery] = []
        signs: list[Sign] = []
        for seat, everywhere in changes.items():
            if self._elsewhere.is_apart and not self.attendance.count_of(seat):
                self.attendance.postpone(seat, RETRY_SECONDS, everywhere=everywhere)
                continue
            online = self.attendance.announce(seat)
            if online is None:  # meanwhile the user left or came back
                continue
            self._index(seat, online=online)
            unseen = lookup.viewers(hidden[seat], seat.user_id, knows=False)
            if seat.peer_id is not None:
                unseen = in_dms.viewers(unseen, seat.user_id, knows=False)
            rooms = ToRooms((ChannelRoom(seat.channel_id),), besides_users=unseen | {seat.user_id})
            delivery = Delivery(_event(seat, online=online), rooms)
            deliveries.append(delivery)
            if everywhere:
                signs.append(Shown(seat, online, crossing([delivery])))
        await Announcer(hub, self._elsewhere).show(deliveries, signs)

    def _index(self, seat: Seat, *, online: bool) -> None:
        if online:
            self._by_channel.setdefault(seat.channel_id, {})[seat] = None
            return
        seats = self._by_channel.get(seat.channel_id, {})
        seats.pop(seat, None)
        if not seats:
            self._by_channel.pop(seat.channel_id, None)

    async def _hidden_from(self, seats: Sequence[Seat]) -> Mapping[Seat, frozenset[UserId]] | None:
        """The users from whom each user is hidden in that channel; None: that is not known now."""
        try:
            blocked = await self._relations.blocked_either_way({seat.user_id for seat in seats})
            dms = [(seat, seat.peer_id) for seat in seats if seat.peer_id is not None]
            pairs = [(peer, seat.user_id) for seat, peer in dms]
            views = await self._relations.peer_views(pairs) if pairs else ()
        except StoreUnavailable as error:
            log.warning("presence_not_checked", count=len(seats), reason=str(error))
            return None
        unknown = {
            seat: peer
            for (seat, peer), view in zip(dms, views, strict=True)
            if not self._knows(view)
        }
        return {
            seat: blocked.get(seat.user_id, frozenset())
            | ({unknown[seat]} if seat in unknown else frozenset())
            for seat in seats
        }


def _event(seat: Seat, *, online: bool) -> ChannelPresence:
    return ChannelPresence(seat.channel_id, seat.user_id, seat.username, online)
