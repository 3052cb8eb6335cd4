"""The Hub: one actor that owns the connected clients and delivers events to them.

Guarantees: it alone touches its maps, so there are no locks; its loop awaits nothing but its inbox,
so no slow query or socket delays a delivery; an event is encoded once per dialect; the frames that
one turn queues for a connection go out in one write. When it stops, its inbox closes, so no sender
waits for a stopped Hub. Must not know: SQL, JSON, permissions.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, assert_never

import trio

from hub.actor.client import Client, Encoder
from hub.actor.figures import HubFigures
from hub.actor.letters import (
    Broadcast,
    ChannelRoom,
    Close,
    CloseAll,
    Delivery,
    EndSessions,
    EndUsers,
    Join,
    Leave,
    Letter,
    Readmit,
    Rebind,
    Register,
    Room,
    SendBack,
    ToClients,
    ToEveryone,
    ToOutsider,
    ToRooms,
    ToUserInRoom,
    ToUsers,
    Unregister,
)
from hub.actor.link import Frames
from hub.actor.listeners import PresenceListener, RoomListener
from hub.tracing.tracing import Delivering
from protocol.errors import SESSION_ENDED, TRY_AGAIN, CloseReason
from protocol.events import Event
from protocol.model import Channel, ChannelId, SessionId, UserId

INBOX_LETTERS = (
    1_024  # senders wait when this many are unread: a commit's worth each, not a frame's
)
T = TypeVar("T")

ENDED = 10_000  # sessions and users remembered, to refuse connections that were being opened
LETTERS_PER_TURN = 64  # then flush, so that a flood of letters does not delay deliveries


class Hub:
    """The actor and its address.

    Args:
        on_presence: is notified of users' first and last connections.
        on_rooms: is notified of users' first and last connections in each room.
        numbers: the numbers of connections, ascending; by default 1, 2, 3 ...
    """

    def __init__(
        self,
        on_presence: PresenceListener,
        on_rooms: RoomListener,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._on_presence = on_presence
        self._on_rooms = on_rooms
        self._address, self._inbox = trio.open_memory_channel[Letter](INBOX_LETTERS)
        # Dicts as ordered sets, so that the order of deliveries is the same in every run.
        self._clients: dict[Client, int] = {}  # with their numbers, which only go up
        self._numbers = numbers or itertools.count(1)
        self._by_wire: Counter[Encoder] = Counter()
        self._by_user: dict[UserId, dict[Client, None]] = {}
        self._by_room: dict[Room, dict[Client, None]] = {}
        self._joined: dict[Client, dict[Room, Channel | None]] = {}
        self._touched: dict[Client, None] = {}
        self._ended: dict[SessionId, CloseReason] = {}
        self._ended_users: dict[UserId, CloseReason] = {}
        self._closing: CloseReason | None = None
        self._barriers: set[trio.Event] = set()
        self._has_stopped = False
        self.figures = HubFigures()

    async def post(self, letter: Letter) -> None:
        """Send a letter. Waits only while the inbox is full.

        Raises:
            trio.BrokenResourceError: the Hub has stopped.
        """
        await self._address.send(letter)

    async def broadcast(
        self,
        deliveries: Sequence[Delivery],
        then: Callable[[], None] | None = None,
        trace: Delivering | None = None,
    ) -> None:
        """Deliver these events in order; see `Broadcast`."""
        if deliveries or then is not None:
            await self._address.send(Broadcast(deliveries, then, trace))

    async def barrier(self) -> None:
        """Return when every letter that was posted before has been acted on.

        Raises:
            trio.BrokenResourceError: the Hub has stopped.
        """
        passed, acted_on = trio.Event(), []
        self._barriers.add(passed)

        def act() -> None:
            acted_on.append(True)
            passed.set()

        try:
            await self._address.send(Broadcast((), act))
            await passed.wait()
        finally:
            self._barriers.discard(passed)
        if not acted_on:
            raise trio.BrokenResourceError("the Hub has stopped")

    def joined(self, client: Client, channel_id: ChannelId) -> Channel | None:
        """The channel, if the connection has joined it."""
        rooms = self._joined.get(client)
        return None if rooms is None else rooms.get(ChannelRoom(channel_id))

    def is_followed(self, channel_id: ChannelId) -> bool:
        """Whether a connection has joined the channel."""
        return ChannelRoom(channel_id) in self._by_room

    def is_occupied(self, room: Room) -> bool:
        """Whether a connection is in the room."""
        return room in self._by_room

    def clients(self) -> Sequence[Client]:
        """Every connection."""
        return list(self._clients)

    def numbered(self, *, after: int = 0) -> Iterator[tuple[int, Client]]:
        """Every connection with its number, from above `after` on; to be iterated without awaiting
        in between.
        """
        return ((number, client) for client, number in self._clients.items() if number > after)

    def clients_of(self, user_id: UserId) -> Sequence[Client]:
        """The connections of a user."""
        return list(self._by_user.get(user_id, ()))

    def is_connected(self, user_id: UserId) -> bool:
        """Whether the user has a connection."""
        return user_id in self._by_user

    def users(self) -> Sequence[UserId]:
        """The users that have a connection."""
        return list(self._by_user)

    def connections_by_dialect(self) -> Mapping[str, int]:
        """How many connections there are of each dialect that has any."""
        found: Counter[str] = Counter()
        for wire, count in self._by_wire.items():
            found[wire.name] += count
        return found

    @property
    def unread_letters(self) -> int:
        """How many letters wait in the inbox."""
        return self._inbox.statistics().current_buffer_used

    def channels_of(self, user_id: UserId) -> Mapping[ChannelId, Sequence[Client]]:
        """The channels that a user's connections have joined, each with those connections."""
        found: dict[ChannelId, list[Client]] = {}
        for client in self._by_user.get(user_id, ()):
            for room in self._joined.get(client, ()):
                if isinstance(room, ChannelRoom):
                    found.setdefault(room.channel_id, []).append(client)
        return found

    def in_dms_of(self, user_id: UserId) -> frozenset[tuple[UserId, ChannelId]]:
        """The dms of a user that are joined, each with a user who has joined it: one of the two."""
        return frozenset(
            (client.user.id, channel.id)
            for client, rooms in self._joined.items()
            for channel in rooms.values()
            if channel is not None and user_id in (channel.pair or ())
        )

    def channel_of(self, room: ChannelRoom) -> Channel | None:
        """The channel of a room, if a connection is in it."""
        client = next(iter(self._by_room.get(room, ())), None)
        return None if client is None else self.joined(client, room.channel_id)

    def clients_in(self, room: Room) -> Sequence[Client]:
        """The connections in a room."""
        return list(self._by_room.get(room, ()))

    def rooms_of(self, user_id: UserId) -> frozenset[Room]:
        """The rooms that a connection of the user is in."""
        clients = self._by_user.get(user_id, ())
        return frozenset(room for client in clients for room in self._joined.get(client, ()))

    def rooms_joined(self, client: Client, limit: int) -> Sequence[Room]:
        """The first `limit` rooms of a connection, in the order in which it joined them."""
        return tuple(itertools.islice(self._joined.get(client, ()), limit))

    async def end_sessions(self, session_ids: Iterable[SessionId]) -> None:
        """Close the live connections of ended sessions with 4001."""
        await self._address.send(EndSessions(frozenset(session_ids), SESSION_ENDED))

    async def end_users(self, user_ids: Iterable[UserId]) -> None:
        """Close the live connections of accounts that are deleted or deactivated with 4001."""
        await self._address.send(EndUsers(frozenset(user_ids), SESSION_ENDED))

    async def readmit(self, user_id: UserId | None) -> None:
        """Accept connections again of an account that was deactivated; None: of all accounts."""
        await self._address.send(Readmit(user_id))

    async def send_back(
        self, user_ids: Collection[UserId] | None, reason: CloseReason = TRY_AGAIN
    ) -> None:
        """Close the live connections of these users (None: all users), which may come back."""
        chosen = None if user_ids is None else frozenset(user_ids)
        await self._address.send(SendBack(chosen, reason))

    def sessions(self) -> frozenset[SessionId]:
        """The sessions that have a connection now."""
        return frozenset(client.session_id for client in self._clients)

    def encodes(self, event: type[Event]) -> bool:
        """Whether any connection speaks a dialect that sends such events."""
        return any(event in wire.encodes for wire in self._by_wire)

    async def run(self) -> None:
        """Read letters until cancelled."""
        try:
            with self._inbox:
                await self._read_letters()
        finally:
            self._has_stopped = True
            for passed in self._barriers:
                passed.set()

    async def _read_letters(self) -> None:
        async for letter in self._inbox:
            self._take(letter)
            for _ in range(LETTERS_PER_TURN):
                try:
                    self._take(self._inbox.receive_nowait())
                except trio.WouldBlock:
                    break
            self._flush()

    def _flush(self) -> None:
        for client in self._touched:
            client.flush()
        self._touched.clear()

    def _take(self, letter: Letter) -> None:
        match letter:
            case Broadcast():
                self._broadcast(letter)
            case Register():
                self._register(letter)
            case Unregister(client=client):
                self._unregister(client)
            case Join(client=client, greeting=greeting):
                self._join(letter)
                self._send_now(client, greeting)
            case Leave(client=client, room=room, farewell=farewell):
                was_in = self._leave(client, room, disconnected=False)
                if was_in and farewell is not None:
                    self._say_farewell(client, farewell)
            case Rebind(client=client, session_id=session_id):
                self._rebind(client, session_id)
            case EndSessions() | EndUsers() | Readmit() | SendBack() | Close():
                self._end(letter)
            case CloseAll():
                self._close_all(letter)
            case _:
                assert_never(letter)

    def _send_now(self, client: Client, event: Event | None) -> None:
        if event is not None:
            client.send(event)

    def _say_farewell(self, client: Client, farewell: Event) -> None:
        """Send it after what is held back for the client, as the last event of the room."""
        data = client.wire.encode(farewell)
        if data:
            client.backlog.offer(Frames(data, farewell.ephemeral))
            self._touched[client] = None

    def _broadcast(self, letter: Broadcast) -> None:
        trace = letter.trace
        if trace is None:
            for delivery in letter.deliveries:
                self._deliver(delivery)
        else:
            for delivery in letter.deliveries:
                trace.delivered(delivery.event, self._deliver(delivery))
            trace.done()
        if letter.then is not None:
            letter.then()

    def _close_all(self, letter: CloseAll) -> None:
        self._closing = letter.reason
        for client in self._clients:
            client.close(letter.reason)
        letter.done.set()

    def _register(self, letter: Register) -> None:
        client = letter.client
        refusal = self._refusal(client)
        if refusal is not None:
            client.close(refusal)
            return
        self._clients[client] = next(self._numbers)
        self._by_wire[client.wire] += 1
        self.figures.opened[client.wire.name] += 1
        theirs = self._by_user.setdefault(client.user.id, {})
        theirs[client] = None
        client.send(letter.greeting)
        if len(theirs) == 1:
            self._on_presence(client.user.id, connected=True)

    def _refusal(self, client: Client) -> CloseReason | None:
        """Why a connection is not accepted any more."""
        ended = self._ended.get(client.session_id) or self._ended_users.get(client.user.id)
        return self._closing or ended

    def _rebind(self, client: Client, session_id: SessionId) -> None:
        client.session_id = session_id
        refusal = self._ended.get(session_id)
        if refusal is not None:
            client.close(refusal)

    def _end(self, letter: EndSessions | EndUsers | Readmit | SendBack | Close) -> None:
        match letter:
            case EndSessions():
                self._end_sessions(letter)
            case EndUsers(user_ids=user_ids, reason=reason):
                self._close_users(user_ids, reason)
                self._ended_users |= dict.fromkeys(user_ids, reason)
                _forget_oldest(self._ended_users)
            case Readmit(user_id=user_id):
                for each in tuple(self._ended_users) if user_id is None else (user_id,):
                    self._ended_users.pop(each, None)
            case SendBack(user_ids=user_ids, reason=reason):
                self._close_users(self._by_user if user_ids is None else user_ids, reason)
            case Close(clients=clients, reason=reason):
                for client in clients:
                    client.close(reason)

    def _close_users(self, user_ids: Iterable[UserId], reason: CloseReason) -> None:
        for user_id in user_ids:
            for client in self._by_user.get(user_id, ()):
                client.close(reason)

    def _end_sessions(self, letter: EndSessions) -> None:
        for client in self._clients:
            if client.session_id in letter.session_ids:
                client.close(letter.reason)
        for session_id in letter.session_ids:
            self._ended[session_id] = letter.reason
        _forget_oldest(self._ended)

    def _unregister(self, client: Client) -> None:
        if client not in self._clients:
            return
        del self._clients[client]
        self._by_wire -= Counter((client.wire,))
        self.figures.ended(client.wire.name, client.link.close_code)
        for room in tuple(self._joined.get(client, ())):
            self._leave(client, room, disconnected=True)
        user_id = client.user.id
        theirs = self._by_user[user_id]
        del theirs[client]
        if not theirs:
            del self._by_user[user_id]
            self._on_presence(user_id, connected=False)

    def _join(self, letter: Join) -> None:
        client = letter.client
        for room in letter.rooms if client in self._clients else ():
            is_first = not self._is_user_in(client.user.id, room)
            self._by_room.setdefault(room, {})[client] = None
            self._joined.setdefault(client, {})[room] = letter.channel
            if is_first:
                self._on_rooms.entered(client.user, room)

    def _leave(self, client: Client, room: Room, *, disconnected: bool) -> bool:
        """Returns whether the connection was in the room."""
        joined = self._joined.get(client)
        if joined is None or room not in joined:
            return False
        del joined[room]
        if isinstance(room, ChannelRoom):
            client.backlog.left(room.channel_id)
        if not joined:
            del self._joined[client]
        members = self._by_room[room]
        del members[client]
        if not members:
            del self._by_room[room]
        if not self._is_user_in(client.user.id, room):
            self._on_rooms.left(client.user, room, disconnected=disconnected)
        return True

    def _is_user_in(self, user_id: UserId, room: Room) -> bool:
        return any(room in self._joined.get(client, ()) for client in self._by_user[user_id])

    def _deliver(self, delivery: Delivery) -> int:
        """Returns the number of connections that the event was delivered to."""
        audience = self._audience(delivery)
        if not audience:
            return 0
        event = delivery.event
        position = event.position
        encoded: dict[Encoder, Frames] = {}
        silent = 0  # dialects that do not send it
        touched = self._touched
        for client in audience:
            wire = client.wire
            frames = encoded.get(wire)
            if frames is None:
                data = wire.encode(event)
                frames = encoded[wire] = Frames(data, event.ephemeral, position)
                silent += not data
            if frames.data:
                client.backlog.offer(frames)
                touched[client] = None
        count = len(audience)
        if silent:
            count = sum(1 for client in audience if encoded[client.wire].data)
        figures = self.figures
        if position is not None:
            figures.messages += count
        elif event.ephemeral:
            figures.ephemeral += count
        else:
            figures.others += count
        return count

    def _audience(self, delivery: Delivery) -> Sequence[Client]:
        match delivery.to:
            case ToUsers(user_ids=user_ids, besides=besides, outside=room):
                by_user = self._by_user
                found = [
                    client
                    for user in user_ids
                    for client in by_user.get(user, ())
                    if client is not besides
                ]
                if room is None:
                    return found
                return [client for client in found if room not in self._joined.get(client, ())]
            case ToRooms(rooms=rooms, besides=besides, besides_users=besides_users):
                found = [
                    client
                    for room in rooms
                    if room in self._by_room
                    for client in self._by_room[room]
                    if client is not besides
                ]
                if not besides_users:
                    return found
                return [client for client in found if client.user.id not in besides_users]
            case ToUserInRoom(user_id=user_id, room=room):
                return [
                    client
                    for client in self._by_user.get(user_id, ())
                    if room in self._joined.get(client, ())
                ]
            case ToClients(clients=clients, room=None):
                return [client for client in clients if client in self._clients]
            case ToClients(clients=clients, room=room):
                return [client for client in clients if room in self._joined.get(client, ())]
            case ToOutsider(client=client, room=room):
                is_outside = client in self._clients and room not in self._joined.get(client, ())
                return [client] if is_outside else []
            case ToEveryone(besides=user_ids):
                return [client for client in self._clients if client.user.id not in user_ids]
            case _:
                assert_never(delivery.to)


def _forget_oldest(ended: dict[T, CloseReason]) -> None:
    while len(ended) > ENDED:
        del ended[next(iter(ended))]
