"""The Socket.IO core apart from any dialect: events, acknowledgements, ends of sessions."""

from collections.abc import AsyncIterator, Mapping, Sequence

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

from hub.socketio.server import MAX_REFUSALS, Acknowledge, SocketIoServer
from hub.socketio.socket import Socket
from protocol.socketio.packets import Data
from tests.support.clients.engine import EngineWorld, open_engine
from tests.support.clients.websocket import WebSocket


@define
class Recorder:
    """Records the calls of the server."""

    sockets: list[Socket] = field(factory=list)
    events: list[tuple[str, Sequence[Data]]] = field(factory=list)
    gone: list[Socket] = field(factory=list)
    held: trio.Event | None = None  # no connect is accepted before it is set

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        if self.held is not None:
            await self.held.wait()
        return {"welcome": True}

    async def connected(self, socket: Socket) -> None:
        self.sockets.append(socket)

    async def event(
        self, socket: Socket, name: str, args: Sequence[Data], acknowledge: Acknowledge | None
    ) -> None:
        self.events.append((name, args))
        if acknowledge is not None:
            acknowledge(["first"])
            acknowledge(["second"])

    async def disconnected(self, socket: Socket) -> None:
        self.gone.append(socket)


@define
class Setting:
    engine: EngineWorld
    server: SocketIoServer
    recorder: Recorder

    async def enter(self) -> WebSocket:
        """A client that has connected to the namespace."""
        client = (await self.engine.websocket("")).ignoring("2")  # pings
        assert (await client.receive_text()).startswith("0{")
        await client.send_text("40")
        assert '"welcome":true' in await client.receive_text()
        return client


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    recorder = Recorder()
    server = SocketIoServer({"/": recorder}, connect_seconds=1.0)
    async with open_engine(server.serve) as engine:
        yield Setting(engine, server, recorder)


async def test_an_event_is_acknowledged_once(setting: Setting) -> None:
    client = await setting.enter()
    await client.send_text('425["hello",1]')
    assert await client.receive_text() == '435["first"]'
    await client.send_text('42["next"]')
    await client.send_text('426["last"]')
    assert await client.receive_text() == '436["first"]'
    assert setting.recorder.events == [("hello", [1]), ("next", []), ("last", [])]


@pytest.mark.parametrize(
    "text", ['42["early"]', "4abc", "41", '40{"x"', "43[]", '44{"message":"x"}']
)
async def test_a_session_that_does_not_begin_with_connect_ends(setting: Setting, text: str) -> None:
    client = await setting.engine.websocket("")
    await client.receive_text()
    await client.send_text(text)
    await client.closed()
    assert setting.recorder.sockets == []


async def test_a_session_that_connects_to_no_namespace_is_ended(
    setting: Setting, autojump_clock: MockClock
) -> None:
    client = await setting.engine.websocket("")
    await client.receive_text()
    started = trio.current_time()
    await client.closed()
    assert trio.current_time() - started == pytest.approx(1.0)


async def test_the_time_that_the_hub_needs_for_a_connect_does_not_count(
    setting: Setting, autojump_clock: MockClock
) -> None:
    setting.recorder.held = held = trio.Event()
    client = await setting.engine.websocket("")
    await client.receive_text()
    await client.send_text("40")
    await trio.sleep(19.0)  # before the first ping
    held.set()
    assert '"welcome":true' in await client.receive_text()


async def test_a_refused_connect_does_not_extend_the_time_for_a_connect(
    setting: Setting, autojump_clock: MockClock
) -> None:
    client = await setting.engine.websocket("")
    await client.receive_text()
    await trio.sleep(0.8)
    await client.send_text("40/nowhere,")
    await client.receive_text()
    await client.closed()
    assert trio.current_time() == pytest.approx(1.0)


async def test_a_peer_has_ten_seconds_to_connect_to_a_namespace(autojump_clock: MockClock) -> None:
    """By default; a session without a pong would live longer."""
    async with open_engine(SocketIoServer({"/": Recorder()}).serve) as engine:
        client = await engine.websocket("")
        await client.receive_text()
        started = trio.current_time()
        await client.closed()
        assert trio.current_time() - started == pytest.approx(10)
        sid = await engine.open()
        await trio.sleep(9.5)
        assert (await engine.post(sid, "3")).text == "ok"
        await trio.sleep(1)
        assert (await engine.post(sid, "3")).json["message"] == "Session ID unknown"


async def test_a_session_that_is_refused_too_often_ends(setting: Setting) -> None:
    """Before it can try once more."""
    client = await setting.engine.websocket("")
    await client.receive_text()
    for _ in range(MAX_REFUSALS):
        await client.send_text("40/nowhere,")
    await client.send_text("40")
    for _ in range(MAX_REFUSALS):
        assert await client.receive_text() == '44/nowhere,{"message":"Invalid namespace"}'
    await client.closed()
    assert setting.recorder.sockets == []


async def test_a_second_connect_to_the_same_namespace_is_refused(setting: Setting) -> None:
    client = await setting.enter()
    await client.send_text("40")
    assert await client.receive_text() == '44{"message":"Invalid namespace"}'
    await client.send_text('421["still here"]')
    assert await client.receive_text() == '431["first"]'


async def test_an_unexpected_acknowledgement_is_ignored(setting: Setting) -> None:
    client = await setting.enter()
    await client.send_text('4399["unasked"]')
    await client.send_text('421["still here"]')
    assert await client.receive_text() == '431["first"]'
