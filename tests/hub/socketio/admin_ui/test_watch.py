"""What an operator's page gets about the Hub's connections, when there are many."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import trio
from attrs import define, field

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Join, Register, Unregister
from hub.actor.link import Frames
from hub.actor.listeners import RoomListeners
from hub.actor.wire import Wire
from hub.engineio.binding import Binding
from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from hub.limits.pace import Meter, Pace
from hub.limits.quotas import Quotas
from hub.socketio.admin_ui.watch import MAX_ROOMS, PAGE, Watch
from hub.socketio.socket import Socket
from protocol.dialects.private_messages import DIALECT
from protocol.engineio.session import Carrier, EngineSession, EngineSettings
from protocol.errors import CloseReason
from protocol.events import Connected
from protocol.model import ChannelId, SessionId, User, UserId
from protocol.websocket.handshake import Head
from tests.support.quiet import until_quiet

NOW: Final = datetime(2024, 1, 1, tzinfo=UTC)
WIRE: Final = Wire(DIALECT)
HEAD: Final = Head(b"GET", b"/socket.io/", b"1.1", ())


@define
class Peer:
    """A link whose peer takes everything."""

    carrier: Carrier = Carrier.WEBSOCKET
    is_behind: bool = False
    waiting_bytes: int = 0
    close_code: int = 1005

    def offer(self, frames: Frames) -> None:
        """It is taken."""

    def flush(self) -> None:
        """Nothing waits."""

    def close(self, reason: CloseReason) -> None:
        """It stays open."""

    async def caught_up(self) -> None:
        """Nothing waits."""


@define
class Hall:
    """A Hub with connections, and a page that polls for the events about them."""

    hub: Hub
    connection: EngineConnection
    watch: Watch
    clients: list[Client] = field(factory=list)
    events: list[str] = field(factory=list)
    largest: int = 0

    async def fill(self, many: int) -> None:
        numbers = count(len(self.clients) + 1)
        for number, _ in zip(numbers, range(many), strict=False):
            user = User(UserId(number), f"u{number}", "U", NOW, NOW)
            client = Client(user, SessionId(number), WIRE, Peer(), Quotas().of(user.id))
            self.clients.append(client)
            await self.hub.post(Register(client, Connected(user, NOW, "epoch")))
        await self.hub.barrier()

    async def fetch(self) -> None:
        """Poll for what is queued, until cancelled."""
        while True:
            self.largest = max(self.largest, self.connection.waiting_bytes)
            self.events.extend(str(each.data) for each in await self.connection.poll())

    async def told(self) -> list[Any]:
        """The events of one look."""
        await self.watch.send_changes()
        found = [json.loads(each.removeprefix("2/admin,")) for each in self.events]
        self.events.clear()
        return found


def nobody_looks(user_id: UserId, *, connected: bool) -> None:
    """A listener to presence that does nothing."""


@asynccontextmanager
async def hall(*, is_read: bool = True) -> AsyncIterator[Hall]:
    hub = Hub(nobody_looks, RoomListeners())
    settings = EngineSettings()
    session = EngineSession("sid", Carrier.POLLING, settings)
    session.take()
    connection = EngineConnection(session, settings, Binding.of(HEAD), Meter(Pace(1, 1)))
    page = Socket("id", "/admin", Opening(HEAD, "network"), connection)
    here = Hall(hub, connection, Watch(hub, NOW, page))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        if is_read:
            nursery.start_soon(here.fetch)
        yield here
        nursery.cancel_scope.cancel()


async def test_many_connections_are_sent_in_parts() -> None:
    """At most one page of them is queued at a time, and other tasks run in between."""
    async with hall() as here:
        await here.fill(20_000)
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(others)
            events = await here.told()
            nursery.cancel_scope.cancel()
        assert here.largest < PAGE * 1_000
        assert turns > 20_000 / PAGE
        (first, connections), *rest, last = events
        assert (first, len(connections)) == ("all_sockets", PAGE)
        assert {each[0] for each in rest} == {"socket_connected"}
        shown = [*connections, *(each[1] for each in rest)]
        assert [each["id"] for each in shown] == [f"u{n}:{n}" for n in range(1, 20_001)]
        assert (last[0], last[1]["clientsCount"]) == ("server_stats", 20_000)


async def test_only_changes_are_sent() -> None:
    async with hall() as here:
        await here.fill(3)
        assert [each[0] for each in await here.told()] == ["all_sockets", "server_stats"]
        ann, ben, _ = here.clients
        await here.hub.post(Unregister(ben))
        await here.hub.barrier()
        ann.link = Peer(Carrier.POLLING)
        names = [each[:3] for each in await here.told()]
        update = {"id": "u1:1", "nsp": "private_messages", "transport": "polling"}
        assert names[0] == ["socket_updated", update]
        assert names[1] == ["socket_disconnected", "private_messages", "u2:2"]
        assert (names[2][0], names[2][1]["pollingClientsCount"]) == ("server_stats", 1)
        assert [each[0] for each in await here.told()] == ["server_stats"]


async def test_only_the_first_of_many_rooms_are_shown() -> None:
    async with hall() as here:
        await here.fill(1)
        rooms = [ChannelRoom(ChannelId(number)) for number in range(1, 1_001)]
        await here.hub.post(Join(here.clients[0], rooms))
        await here.hub.barrier()
        (_, (shown,)), _ = await here.told()
        assert shown["rooms"] == [f"channel {number}" for number in range(1, MAX_ROOMS + 1)]


async def test_a_page_that_does_not_read_gets_no_more_events() -> None:
    async with hall(is_read=False) as here:
        await here.fill(2_000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.watch.send_changes)
            await until_quiet()
            assert 0 < here.connection.waiting_bytes < PAGE * 1_000
            assert not here.connection.closed.is_set()
            nursery.cancel_scope.cancel()
