"""The Hub alone: which connections get an event, and which are closed."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
import trio.testing
from attrs import define, field

from hub.actor.client import Client
from hub.actor.hub import ENDED, Hub
from hub.actor.letters import (
    ChannelRoom,
    CloseAll,
    Delivery,
    EndSessions,
    Join,
    Leave,
    Register,
    Room,
    ToEveryone,
    ToRooms,
    ToUsers,
    Unregister,
)
from hub.actor.wire import Wire
from hub.limits.quotas import Quotas
from hub.sockets.outbox import Outbox
from hub.sockets.shared_reader import SharedReader
from hub.sockets.transport import SocketTransport
from hub.sockets.websocket_link import WebSocketLink
from protocol.dialects.private_messages import DIALECT
from protocol.errors import GOING_AWAY, KICKED, SESSION_ENDED
from protocol.events import Connected, PresenceChanged, WorkspacePresence
from protocol.model import Channel, ChannelId, ChannelKind, SessionId, User, UserId
from tests.support.clients.frames import server_frames

WIRE = Wire(DIALECT)
NOW = datetime(2024, 1, 1, tzinfo=UTC)
ROOM = ChannelRoom(ChannelId(7))


@define
class Station:
    """A hub, the other ends of its clients, and what it reported of presence and rooms."""

    hub: Hub = field(init=False)
    presence: list[tuple[int, bool]] = field(factory=list)
    rooms: list[tuple[int, Room, str]] = field(factory=list)
    _sockets: dict[Client, socket.socket] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.hub = Hub(self._note, self)

    def entered(self, user: User, room: Room) -> None:
        self.rooms.append((user.id, room, "entered"))

    def left(self, user: User, room: Room, *, disconnected: bool) -> None:
        self.rooms.append((user.id, room, "disconnected" if disconnected else "left"))

    def _note(self, user_id: UserId, *, connected: bool) -> None:
        self.presence.append((user_id, connected))

    def client(self, user_id: int, session_id: int = 1) -> Client:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        user = User(UserId(user_id), f"u{user_id}", "U", NOW, NOW)
        link = WebSocketLink(SocketTransport(theirs, SharedReader()), Outbox(65_536), lambda _: b"")
        quota = Quotas().of(user.id)
        client = Client(user, SessionId(session_id), WIRE, link, quota)
        self._sockets[client] = ours
        return client

    async def join(self, user_id: int, session_id: int = 1) -> Client:
        """A registered client, past its greeting."""
        client = self.client(user_id, session_id)
        await self.hub.post(Register(client, Connected(client.user, NOW, "epoch")))
        await self.settle()
        assert [frame["type"] for frame in self.heard(client)] == ["system"]
        return client

    async def settle(self) -> None:
        """Until the hub has read every letter."""
        await trio.testing.wait_all_tasks_blocked()

    def heard(self, client: Client) -> list[Any]:
        """The frames that the client was sent since the last call."""
        try:
            data = self._sockets[client].recv(65_536)
        except BlockingIOError:
            return []
        return [json.loads(payload) for _, payload in server_frames(data)]

    async def tell(self, to: ToUsers | ToRooms | ToEveryone) -> None:
        await self.hub.broadcast([Delivery(PresenceChanged(UserId(99), online=True), to)])
        await self.settle()

    def close(self) -> None:
        for client, ours in self._sockets.items():
            ours.close()
            link_of(client).abort()


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    async with running() as station:
        yield station


@asynccontextmanager
async def running() -> AsyncIterator[Station]:
    station = Station()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(station.hub.run)
        yield station
        nursery.cancel_scope.cancel()
    station.close()


def link_of(client: Client) -> WebSocketLink:
    assert isinstance(client.link, WebSocketLink)
    return client.link


def is_closing(client: Client) -> bool:
    return link_of(client).closing is not None


async def test_an_event_for_users_is_sent_to_all_their_connections_and_no_other(
    station: Station,
) -> None:
    a1, a2, b = await station.join(1), await station.join(1), await station.join(2)
    await station.tell(ToUsers((UserId(1), UserId(5))))
    assert [len(station.heard(client)) for client in (a1, a2, b)] == [1, 1, 0]


async def test_an_event_for_users_can_skip_the_sender_and_the_connections_in_a_room(
    station: Station,
) -> None:
    joined, other, sender = [await station.join(1) for _ in range(3)]
    await station.hub.post(Join(joined, (ROOM,)))
    await station.tell(ToUsers((UserId(1),), besides=sender, outside=ROOM))
    assert [len(station.heard(client)) for client in (joined, other, sender)] == [0, 1, 0]


async def test_an_event_for_a_channel_is_sent_to_joined_connections_until_they_leave(
    station: Station,
) -> None:
    a, b, c = [await station.join(number) for number in (1, 2, 3)]
    for client in (a, b, b):
        await station.hub.post(Join(client, (ROOM,)))
    await station.tell(ToRooms((ROOM,)))
    assert [len(station.heard(client)) for client in (a, b, c)] == [1, 1, 0]
    await station.tell(ToRooms((ROOM,), besides=a))
    assert [len(station.heard(client)) for client in (a, b, c)] == [0, 1, 0]
    await station.hub.post(Leave(b, ROOM))
    await station.hub.post(Leave(c, ROOM))
    await station.tell(ToRooms((ROOM,)))
    assert [len(station.heard(client)) for client in (a, b, c)] == [1, 0, 0]


async def test_an_event_for_everyone_can_exclude_one_user(station: Station) -> None:
    a, b = await station.join(1), await station.join(2)
    await station.tell(ToEveryone(besides=frozenset({UserId(1)})))
    assert [len(station.heard(client)) for client in (a, b)] == [0, 1]


async def test_several_events_of_one_letter_leave_in_order_and_at_once(station: Station) -> None:
    a = await station.join(1)
    to = ToUsers((UserId(1),))
    events = [PresenceChanged(UserId(n), online=True) for n in range(2, 12)]
    await station.hub.broadcast([Delivery(event, to) for event in events])
    await station.settle()
    assert [frame["user_id"] for frame in station.heard(a)] == list(range(2, 12))


async def test_the_callback_of_a_broadcast_runs_after_its_events_are_sent(station: Station) -> None:
    a = await station.join(1)
    first, last = [PresenceChanged(UserId(n), online=True) for n in (2, 3)]
    await station.hub.broadcast([Delivery(first, ToUsers((UserId(1),)))], lambda: a.send(last))
    await station.hub.broadcast([], lambda: a.send(last))
    await station.settle()
    assert [frame["user_id"] for frame in station.heard(a)] == [2, 3, 3]


async def test_an_unregistered_client_gets_no_events_and_leaves_no_state_behind(
    station: Station,
) -> None:
    a = await station.join(1)
    await station.hub.post(Join(a, (ROOM,)))
    for _ in range(2):
        await station.hub.post(Unregister(a))
    await station.hub.post(Join(a, (ROOM,)))
    await station.tell(ToRooms((ROOM,)))
    await station.tell(ToUsers((UserId(1),)))
    assert station.heard(a) == []
    hub = station.hub
    left = [hub._clients, hub._by_user, hub._by_room, hub._joined]
    assert not any(left)


async def test_presence_is_noted_at_the_first_and_after_the_last_connection(
    station: Station,
) -> None:
    first, second = await station.join(1), await station.join(1)
    await station.hub.post(Unregister(first))
    await station.settle()
    assert station.presence == [(1, True)]
    assert UserId(1) in station.hub.users()
    await station.hub.post(Unregister(second))
    await station.settle()
    assert station.presence == [(1, True), (1, False)]
    assert UserId(1) not in station.hub.users()


async def test_a_users_first_connection_in_a_room_and_the_end_of_the_last_are_noted(
    station: Station,
) -> None:
    one, two, other = [await station.join(number) for number in (1, 1, 2)]
    for client in (one, two, one, other):
        await station.hub.post(Join(client, (ROOM,)))
    for letter in (Leave(one, ROOM), Leave(one, ROOM), Unregister(two), Leave(other, ROOM)):
        await station.hub.post(letter)
    await station.settle()
    assert station.rooms == [
        (1, ROOM, "entered"), (2, ROOM, "entered"), (1, ROOM, "disconnected"), (2, ROOM, "left"),
    ]  # fmt: skip


async def test_joined_channels_are_found_by_client_by_channel_and_by_user(station: Station) -> None:
    one, two = await station.join(1), await station.join(1)
    channel = Channel(ROOM.channel_id, ChannelKind.TEXT, "general", NOW)
    hub = station.hub
    for client in (one, two):
        await hub.post(Join(client, (ROOM,), channel=channel))
    await hub.barrier()
    assert (hub.joined(one, channel.id), hub.is_followed(channel.id)) == (channel, True)
    assert hub.channels_of(UserId(1)) == {channel.id: [one, two]}
    await hub.post(Leave(one, ROOM))
    await hub.post(Unregister(two))
    await hub.barrier()
    assert (hub.joined(one, channel.id), hub.is_followed(channel.id)) == (None, False)
    assert (hub.channels_of(UserId(1)), hub.users()) == ({}, [UserId(1)])


async def test_a_farewell_is_sent_only_to_a_client_that_was_in_the_room(station: Station) -> None:
    one = await station.join(1)
    farewell = PresenceChanged(UserId(9), online=False)
    await station.hub.post(Join(one, (ROOM,)))
    for _ in range(2):
        await station.hub.post(Leave(one, ROOM, farewell))
    await station.settle()
    assert len(station.heard(one)) == 1


async def test_an_ended_session_closes_its_connections_and_those_being_opened(
    station: Station,
) -> None:
    a, other = await station.join(1, session_id=10), await station.join(1, session_id=11)
    await station.hub.end_sessions([SessionId(10)])
    await station.settle()
    assert (is_closing(a), is_closing(other)) == (True, False)
    late = station.client(1, session_id=10)
    await station.hub.post(Register(late, Connected(late.user, NOW, "epoch")))
    await station.settle()
    assert link_of(late).closing == SESSION_ENDED
    assert station.heard(late) == []


async def test_ended_sessions_are_remembered_within_a_bound(station: Station) -> None:
    for start in range(0, 3 * ENDED, 1_000):
        ids = frozenset(SessionId(number) for number in range(start, start + 1_000))
        await station.hub.post(EndSessions(ids, SESSION_ENDED))
    await station.settle()
    assert len(station.hub._ended) == ENDED


async def test_an_ended_user_is_refused_until_readmitted_and_a_user_sent_back_is_not(
    station: Station,
) -> None:
    """Also on a connection that was being opened meanwhile, whatever its session."""
    ann, ben = await station.join(1), await station.join(2)
    await station.hub.end_users([ann.user.id])
    await station.hub.send_back([ben.user.id], KICKED)
    late, back = station.client(1, session_id=-5), station.client(2)
    for client in (late, back):
        await station.hub.post(Register(client, Connected(client.user, NOW, "epoch")))
    await station.settle()
    assert [link_of(each).closing for each in (ann, late)] == [SESSION_ENDED, SESSION_ENDED]
    assert (link_of(ben).closing, link_of(back).closing) == (KICKED, None)
    await station.hub.readmit(ben.user.id)
    await station.hub.readmit(ann.user.id)
    assert not is_closing(await station.join(1))


async def test_connections_are_numbered_in_the_order_in_which_they_come(station: Station) -> None:
    first, second = await station.join(1), await station.join(2)
    await station.hub.post(Unregister(first))
    third = await station.join(1)
    assert list(station.hub.numbered()) == [(2, second), (3, third)]
    assert list(station.hub.numbered(after=2)) == [(3, third)]
    assert station.hub.clients_of(first.user.id) == [third]


async def test_a_stopping_hub_closes_present_and_new_connections(station: Station) -> None:
    a = await station.join(1)
    await station.hub.post(CloseAll(GOING_AWAY))
    late = station.client(2)
    await station.hub.post(Register(late, Connected(late.user, NOW, "epoch")))
    await station.settle()
    assert [link_of(client).closing for client in (a, late)] == [GOING_AWAY, GOING_AWAY]


async def test_a_broadcast_to_a_hub_that_has_ended_raises() -> None:
    async with running() as station:
        hub = station.hub
    with pytest.raises(trio.BrokenResourceError):
        await hub.broadcast([Delivery(PresenceChanged(UserId(9), online=True), ToUsers(()))])


async def test_the_hub_knows_which_events_the_connected_dialects_send(station: Station) -> None:
    assert not station.hub.encodes(PresenceChanged)
    ann, ben = await station.join(1), await station.join(2)
    assert station.hub.encodes(PresenceChanged)
    assert not station.hub.encodes(WorkspacePresence)  # /ws never sends it
    for client in (ann, ben):
        await station.hub.post(Unregister(client))
    await station.settle()
    assert not station.hub.encodes(PresenceChanged)


async def test_a_barrier_raises_if_the_hub_stops_meanwhile() -> None:
    async with trio.open_nursery() as nursery:
        hub, running_hub = Station().hub, trio.CancelScope()

        async def run() -> None:
            with running_hub:
                await hub.run()

        async def wait() -> None:
            with pytest.raises(trio.BrokenResourceError):
                await hub.barrier()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()  # the letter is unread
        running_hub.cancel()
        nursery.start_soon(run)
