"""Sessions at one node whose requests come to another one, over real sockets."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from hub.engineio.forwarding.forwarder import ForwardingFigures
from hub.settings.parsers import Place
from tests.support.clients.engine import OPEN_PAGE, EngineWorld
from tests.support.clients.http import Reply
from tests.support.clients.websocket import Refused, WebSocket
from tests.support.cluster.engines import Engines, Registry, forwarder, new_node, open_engines
from tests.support.telemetry.logs import about, captured_lines

UNKNOWN = (400, {"code": 1, "message": "Session ID unknown"})


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    async with open_engines(tmp_path) as engines:
        yield engines


async def frame(socket: WebSocket) -> str | bytes:
    """The next message. Raises Closed."""
    return await socket.take(lambda _: True)


def fault(reply: Reply) -> tuple[int, object]:
    return reply.status, reply.json


async def upgraded(engine: EngineWorld, sid: str) -> WebSocket:
    """The WebSocket to which a session was upgraded."""
    socket = await engine.websocket(f"&sid={sid}")
    await socket.send_text("2probe")
    assert await frame(socket) == "3probe"
    await socket.send_text("5")
    return socket


def test_no_node_forwards_to_itself() -> None:
    found = forwarder("north", Registry())
    assert [found.owner(sid) for sid in ("north.abc", "south.abc", "abc", "")] == [
        None, "south", None, None,
    ]  # fmt: skip


async def test_a_session_id_begins_with_the_name_of_its_node(engines: Engines) -> None:
    assert (await engines.north.open()).startswith("north.")
    socket = await engines.south.websocket("")
    assert '"sid":"south.' in str(await frame(socket))


async def test_polling_requests_are_forwarded(engines: Engines) -> None:
    sid = await engines.north.open(Origin=OPEN_PAGE)
    posted = await engines.south.post(sid, "4hello", Origin=OPEN_PAGE)
    assert (posted.status, posted.text) == (200, "ok")
    polled = await engines.south.poll(sid, Origin=OPEN_PAGE)
    direct = await engines.north.post(sid, "4again", Origin=OPEN_PAGE)
    assert (polled.status, polled.text) == (200, "4hello")
    kept = ("access-control-allow-origin", "access-control-allow-credentials", "vary")
    assert all(polled.headers[name] == direct.headers[name] for name in kept)
    assert polled.headers["cache-control"] == "no-store"
    assert polled.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await engines.north.poll(sid, Origin=OPEN_PAGE)).text == "4again"


async def test_forwarded_requests_are_counted(engines: Engines) -> None:
    forwarder = engines.south.server.forwarder
    assert forwarder is not None
    sid = await engines.north.open()
    await engines.south.open()
    await engines.south.post(sid, "4hello")
    await engines.south.poll(sid)
    socket = await upgraded(engines.south, sid)
    assert forwarder.figures == ForwardingFigures(polling=2, websockets=1, failures=0)
    assert forwarder.under_way == 1
    await socket.drop()
    while forwarder.under_way:
        await trio.lowlevel.checkpoint()


async def test_a_poll_that_waits_is_forwarded(engines: Engines) -> None:
    sid = await engines.north.open()
    async with trio.open_nursery() as nursery:
        replies: list[Reply] = []

        async def poll() -> None:
            replies.append(await engines.south.poll(sid))

        nursery.start_soon(poll)
        await engines.south.post(sid, "4hello")
    assert [reply.text for reply in replies] == ["4hello"]


async def test_a_node_of_another_machine_is_reached_at_its_address(tmp_path: Path) -> None:
    async with open_engines(tmp_path, place=Place("127.0.0.1", 0)) as engines:
        sid = await engines.north.open()
        assert (await engines.south.post(sid, "4hello")).text == "ok"
        assert (await engines.south.poll(sid)).text == "4hello"


async def test_the_node_of_a_session_knows_the_network_of_the_client(engines: Engines) -> None:
    """It is the one in the header of the proxy in front of the other node."""
    sid = await engines.north.open()
    client = {"X_Forwarded_For": "198.51.100.1, 203.0.113.7"}
    await engines.south.post(sid, "4hello", **client)
    await engines.south.poll(sid, **client)
    socket = await engines.south.websocket(f"&sid={sid}", **client)
    assert engines.north.networks[1:] == engines.south.networks == ["203.0.113.7"] * 3
    await socket.drop()


async def test_a_refusal_by_the_node_of_the_session_is_passed_on(engines: Engines) -> None:
    sid = await engines.north.open(Origin=OPEN_PAGE)
    other = await engines.south.poll(sid, Origin="https://other.example")
    assert fault(other) == (403, {"code": 4, "message": "Forbidden"})
    assert fault(await engines.south.poll("north.unknown")) == UNKNOWN
    wrong = await engines.south.post(sid, "x", Origin=OPEN_PAGE)
    assert fault(wrong) == (400, {"code": 3, "message": "Bad request"})


async def test_a_session_is_upgraded_through_another_node(engines: Engines) -> None:
    sid = await engines.north.open()
    socket = await upgraded(engines.south, sid)
    await socket.send_text("4hello")
    assert await frame(socket) == "4hello"
    long = "x" * 16_000
    await socket.send_text(f"4{long}")
    assert await frame(socket) == f"4{long}"


async def test_a_refusal_of_a_websocket_by_the_node_of_the_session_is_passed_on(
    engines: Engines,
) -> None:
    with pytest.raises(Refused) as refused:
        await engines.south.websocket("&sid=north.unknown")
    assert (refused.value.status, refused.value.text) == (400, "Session ID unknown")


@pytest.mark.parametrize("sid", ["east.abc", "north.", ".abc", "", "a" * 20])
async def test_a_session_of_no_living_node_is_unknown(engines: Engines, sid: str) -> None:
    assert fault(await engines.south.poll(sid)) == UNKNOWN
    with pytest.raises(Refused):
        await engines.south.websocket(f"&sid={sid}")


async def test_a_node_that_has_ended_has_no_sessions(engines: Engines) -> None:
    sid = await engines.north.open()
    await engines.end("north")
    assert fault(await engines.south.poll(sid)) == UNKNOWN


@pytest.mark.parametrize("address", [None, "unix:/nowhere/node-north.sock", "127.0.0.1:1"])
async def test_a_node_that_is_not_reached_is_named_in_the_log(
    engines: Engines, address: str | None
) -> None:
    engines.registry.changed(new_node("north", address))
    with captured_lines() as lines:
        assert fault(await engines.south.poll("north.abc")) == UNKNOWN
        assert fault(await engines.south.poll("north.abc")) == UNKNOWN
    (line,) = about(lines, "node_not_reached")
    assert (line["node"], line["address"]) == ("north", address)
    assert engines.south.server.forwarder is not None
    assert engines.south.server.forwarder.figures.failures == 2


async def test_a_node_that_hangs_is_waited_for_as_long_as_a_session(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with open_engines(tmp_path) as engines:
        with socket.socket(socket.AF_UNIX) as still:
            still.bind(str(tmp_path / "still"))
            still.listen()
            engines.registry.changed(new_node("north", f"unix:{tmp_path / 'still'}"))
            began = trio.current_time()
            assert fault(await engines.south.poll("north.abc")) == UNKNOWN
            assert trio.current_time() - began == pytest.approx(50, abs=1)
            with pytest.raises(Refused):
                await engines.south.websocket("&sid=north.abc")


async def test_a_websocket_ends_with_its_node(engines: Engines) -> None:
    socket = await upgraded(engines.south, await engines.north.open())
    engines.registry.changed(*engines.registry.nodes.values())
    await socket.send_text("4hello")
    assert await frame(socket) == "4hello"
    await engines.end("north")
    assert (await socket.closed()).code == 1006


async def test_a_poll_ends_with_its_node(engines: Engines) -> None:
    sid = await engines.north.open()
    async with trio.open_nursery() as nursery:

        async def poll() -> None:
            assert fault(await engines.south.poll(sid)) == UNKNOWN

        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked(0.05)
        await engines.end("north")


async def test_a_node_that_stops_ends_the_connections_that_it_forwards(engines: Engines) -> None:
    sid = await engines.north.open()
    socket = await upgraded(engines.south, sid)
    engines.south.server.close_all()
    assert (await socket.closed()).code == 1006
    assert fault(await engines.south.poll(sid)) == UNKNOWN


async def test_a_session_ends_when_its_client_leaves_through_another_node(engines: Engines) -> None:
    sid = await engines.north.open()
    socket = await upgraded(engines.south, sid)
    await socket.drop()
    while fault(await engines.north.poll(sid)) != UNKNOWN:
        await trio.testing.wait_all_tasks_blocked()
