"""Channels as connections see them: joining, leaving, and presence in a channel.

Guarantees: a connection joins only channels that its user may see, by the policy in Postgres; the
confirmation is the first event it receives of a channel, and none after it is missed. Presence in a
channel is per user: announced at the first connection that joins, ended when the last one leaves,
or a grace period after it is gone. Must not know: dialects, SQL.
"""

from collections import Counter
from collections.abc import Collection

from attrs import frozen

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, Join, Leave, ToRooms
from hub.services.asker import Asker, ChannelScope
from hub.services.attendance import Attendance
from persistence.interface import Channels as ChannelStore
from persistence.records import Access
from protocol.errors import CONVERSATION_CLOSED, NO_LONGER_MEMBER, ErrorCode
from protocol.events import ChannelPresence, Event, JoinedChannel, LeftChannel
from protocol.model import Channel, ChannelId, ChannelKind, UserId


@frozen
class _Seat:
    """A user in a channel."""

    channel_id: ChannelId
    user_id: UserId
    username: str


class Channels:
    """Who has joined which channel.

    Args:
        store: asked whether a user may join.
        hub: keeps the rooms.
        grace: seconds between the end of a user's last connection and their absence.
    """

    def __init__(self, store: ChannelStore, hub: Hub, *, grace: float) -> None:
        self._store = store
        self._hub = hub
        self._grace = grace
        self._connections: dict[_Seat, dict[Client, None]] = {}
        self._followed: Counter[ChannelId] = Counter()  # seats of each channel
        self._seats_of: dict[UserId, dict[_Seat, None]] = {}
        self._seats: Attendance[_Seat] = Attendance()
        self._checks = 0

    async def join(self, client: Client, channel_id: ChannelId) -> ErrorCode | None:
        """Let a connection join a channel; returns the reason why not, or None.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        channel = await self.look_up(client.user.id, channel_id)
        if isinstance(channel, ErrorCode):
            return channel
        await self.enter(client, channel, JoinedChannel(channel_id))
        return None

    async def find(self, asker: Asker, channel_id: ChannelId) -> Channel | ErrorCode:
        """The channel if the asker may act in it, or the reason why not. No lookup if it has
        joined: the right is checked again in the statement that stores a message.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        client = asker.client
        channel = None if client is None else self.joined(client, channel_id)
        if channel is not None:
            return channel
        if asker.scope is ChannelScope.JOINED:
            return ErrorCode.NOT_JOINED
        return await self.look_up(asker.user.id, channel_id)

    async def look_up(self, user_id: UserId, channel_id: ChannelId) -> Channel | ErrorCode:
        """The channel if the user may see it, or the reason why not; as fresh as `access`.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        access = await self.access(user_id, channel_id)
        if access is None:
            return ErrorCode.CHANNEL_NOT_FOUND
        if access.allowed:
            return access.channel
        is_dm = access.channel.kind is ChannelKind.DM
        return ErrorCode.NOT_A_PARTICIPANT if is_dm else ErrorCode.NOT_A_MEMBER

    def joined(self, client: Client, channel_id: ChannelId) -> Channel | None:
        """The channel, if the connection has joined it: then it may send and type there."""
        return client.channels.get(channel_id)

    def is_followed(self, channel_id: ChannelId) -> bool:
        """Whether a connection has joined the channel, or is about to. Events posted before its
        Join letter do not reach it; they are history.
        """
        return channel_id in self._followed

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """The user's access, never older than the last revocation that was acted on. Call `enter`
        without awaiting in between: then a later revocation removes the connection again.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        while True:
            checks = self._checks
            access = await self._store.access(user_id, channel_id)
            if checks == self._checks:
                return access

    async def enter(self, client: Client, channel: Channel, greeting: Event | None = None) -> None:
        """Let a connection into a channel that its user may see; `greeting` comes first."""
        seat = _seat(client, channel.id)
        theirs = self._connections.setdefault(seat, {})
        self._seats_of.setdefault(client.user.id, {})[seat] = None
        is_first = not theirs
        self._followed[channel.id] += is_first
        theirs[client] = None
        client.channels[channel.id] = channel
        await self._hub.post(Join(client, (ChannelRoom(channel.id),), greeting))
        if is_first:
            self._seats.arrived(seat)

    async def leave(self, client: Client, channel_id: ChannelId) -> None:
        """Let a connection leave a channel; it gets a confirmation even if it had not joined."""
        await self._hub.post(Leave(client, ChannelRoom(channel_id), LeftChannel(channel_id)))
        self._vacate(client, channel_id, 0.0)

    async def recheck(self, user_ids: Collection[UserId] | None) -> None:
        """Remove these users' connections (None: every user's) from channels that they may no
        longer see, with an event that gives the reason.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        self._checks += 1
        users = self._seats_of.keys() if user_ids is None else user_ids
        seats = [seat for user_id in users for seat in self._seats_of.get(user_id, ())]
        if not seats:
            return
        pairs = [(seat.user_id, seat.channel_id) for seat in seats]
        verdicts = await self._store.may_join(pairs)
        for seat, allowed in zip(seats, verdicts, strict=True):
            if not allowed:
                for client in tuple(self._connections.get(seat, ())):
                    await self.expel(client, seat.channel_id)

    async def expel(self, client: Client, channel_id: ChannelId) -> None:
        """Remove a connection from a channel that its user may no longer see."""
        channel = client.channels.get(channel_id)
        if channel is not None:
            reason = NO_LONGER_MEMBER if channel.pair is None else CONVERSATION_CLOSED
            self._vacate(client, channel_id, 0.0)
            farewell = LeftChannel(channel_id, reason)
            await self._hub.post(Leave(client, ChannelRoom(channel_id), farewell))

    def gone(self, client: Client) -> None:
        """The connection ended."""
        for channel_id in tuple(client.channels):
            self._vacate(client, channel_id, self._grace)

    async def run(self) -> None:
        """Announce presence until cancelled."""
        while True:
            changes = await self._seats.due()
            await self._hub.broadcast([self._presence(seat) for seat in changes])

    def _presence(self, seat: _Seat) -> Delivery:
        online = self._seats.announce(seat)
        event = ChannelPresence(seat.channel_id, seat.user_id, seat.username, online)
        return Delivery(event, ToRooms((ChannelRoom(seat.channel_id),), besides_user=seat.user_id))

    def _vacate(self, client: Client, channel_id: ChannelId, grace: float) -> None:
        if client.channels.pop(channel_id, None) is None:
            return
        seat = _seat(client, channel_id)
        theirs = self._connections[seat]
        del theirs[client]
        if not theirs:
            del self._connections[seat]
            self._followed[channel_id] -= 1
            if not self._followed[channel_id]:
                del self._followed[channel_id]
            del self._seats_of[client.user.id][seat]
            if not self._seats_of[client.user.id]:
                del self._seats_of[client.user.id]
            self._seats.left(seat, grace)


def _seat(client: Client, channel_id: ChannelId) -> _Seat:
    return _Seat(channel_id, client.user.id, client.user.username)
