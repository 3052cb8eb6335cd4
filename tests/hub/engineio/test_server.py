"""Engine.IO 4 over polling and WebSocket: what its protocol document and test suite demand."""

import json
from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock

from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from hub.limits.pace import BYTES_OF_ONE, Pace
from protocol.engineio.session import MAX_QUEUED_BYTES
from tests.support.clients.engine import OPEN_PAGE, SETTINGS, EngineWorld, open_engine, polling
from tests.support.clients.frames import BINARY, client_frame
from tests.support.clients.http import Reply
from tests.support.clients.websocket import Refused, WebSocket


@pytest.fixture
async def engine() -> AsyncIterator[EngineWorld]:
    async with open_engine() as engine:
        yield engine


async def frame(socket: WebSocket) -> str | bytes:
    """The next message. Raises Closed."""
    return await socket.take(lambda _: True)


def fault(reply: Reply) -> tuple[int, int]:
    return reply.status, reply.json["code"]


async def test_a_polling_handshake_has_the_settings_of_the_server(engine: EngineWorld) -> None:
    reply = await engine.ask("GET", "EIO=4&transport=polling")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text.startswith("0")
    opened = json.loads(reply.text[1:])
    assert opened == {
        "sid": opened["sid"],
        "upgrades": ["websocket"],
        "pingInterval": 25_000,
        "pingTimeout": 20_000,
        "maxPayload": 100_000,
    }
    assert len(opened["sid"]) == 20
    assert await engine.open() != opened["sid"]


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "", (400, 0)),
        ("GET", "EIO=4", (400, 0)),
        ("GET", "EIO=4&transport=abc", (400, 0)),
        ("GET", "transport=polling", (400, 5)),
        ("GET", "EIO=3&transport=polling", (400, 5)),
        ("GET", "EIO=abc&transport=polling", (400, 5)),
        ("POST", "EIO=4&transport=polling", (400, 2)),
        ("PUT", "EIO=4&transport=polling", (400, 2)),
        ("GET", "EIO=4&transport=websocket", (400, 3)),
        ("GET", "EIO=4&transport=polling&j=0", (400, 3)),
        ("GET", "EIO=4&transport=polling&sid=unknown", (400, 1)),
        ("POST", "EIO=4&transport=polling&sid=", (400, 1)),
    ],
)
async def test_wrong_requests_get_the_protocols_codes(
    engine: EngineWorld, method: str, query: str, expected: tuple[int, int]
) -> None:
    body = b"4x" if method == "POST" else None
    assert fault(await engine.ask(method, query, body)) == expected


async def test_messages_are_exchanged_over_polling(engine: EngineWorld) -> None:
    sid = await engine.open()
    assert (await engine.post(sid, "4hello")).text == "ok"
    assert (await engine.poll(sid)).text == "4hello"
    await engine.post(sid, "4test1\x1e4test2\x1e4test3")
    received = ""
    while received.count("4") < 3:
        received += "\x1e" + (await engine.poll(sid)).text
    assert received == "\x1e4test1\x1e4test2\x1e4test3"
    await engine.post(sid, "4héllo €\x1ebAQIDBA==")
    assert (await engine.poll(sid)).text == "4héllo €\x1ebAQIDBA=="


async def test_a_poll_waits_for_a_message(engine: EngineWorld) -> None:
    sid = await engine.open()
    replies: list[str] = []

    async def poll() -> None:
        replies.append((await engine.poll(sid)).text)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked()
        assert replies == []
        await engine.post(sid, "4later")
    assert replies == ["4later"]


@pytest.mark.parametrize(
    "body", ["", "abc", "7", "9", "4ok\x1eabc", "bnot base64!", "0", "5", "6", "2probe", "\x1e"]
)
async def test_a_malformed_body_ends_the_session(engine: EngineWorld, body: str) -> None:
    sid = await engine.open()
    assert fault(await engine.post(sid, body)) == (400, 3)
    assert fault(await engine.poll(sid)) == (400, 1)


async def test_bodies_are_bounded_in_bytes_packets_and_encoding(engine: EngineWorld) -> None:
    assert (await engine.post(await engine.open(), "4" + "x" * 99_999)).text == "ok"
    assert (await engine.post(await engine.open(), "4" + "x" * 100_000)).status == 413
    sid = await engine.open()
    assert fault(await engine.post(sid, "\x1e".join(["4"] * 4_097))) == (400, 3)
    sid = await engine.open()
    assert fault(await engine.ask("POST", polling(sid), b"4\xff")) == (400, 3)


async def test_a_response_keeps_below_the_promised_size() -> None:
    async def flood(connection: object, _: object) -> None:
        for _ in range(50):
            connection.send("x" * 9_999)  # type: ignore[attr-defined]
        await connection.receive()  # type: ignore[attr-defined]

    async with open_engine(flood) as engine:
        sid = await engine.open()
        packets = 0
        while packets < 50:
            reply = await engine.poll(sid)
            assert len(reply.body) <= SETTINGS.max_payload
            packets += reply.text.count("\x1e") + 1
        assert packets == 50


async def test_a_second_poll_ends_the_session_and_both_get_a_response(engine: EngineWorld) -> None:
    sid = await engine.open()
    replies: list[Reply] = []

    async def poll() -> None:
        replies.append(await engine.poll(sid))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked()
        assert fault(await engine.poll(sid)) == (400, 3)
    assert (replies[0].status, replies[0].text) == (200, "1")
    assert fault(await engine.poll(sid)) == (400, 1)


async def test_the_peer_ends_the_session_and_its_poll_returns(engine: EngineWorld) -> None:
    sid = await engine.open()
    replies: list[Reply] = []

    async def poll() -> None:
        replies.append(await engine.poll(sid))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked()
        assert (await engine.post(sid, "1")).text == "ok"
    assert (replies[0].status, replies[0].text) == (200, "6")
    assert fault(await engine.poll(sid)) == (400, 1)


async def test_a_session_ends_when_the_client_of_its_poll_leaves(engine: EngineWorld) -> None:
    sid = await engine.open()
    stream = await engine.connect()
    line = f"GET /engine.io/?{polling(sid)} HTTP/1.1\r\nHost: x\r\n\r\n"
    await stream.send_all(line.encode())
    await trio.testing.wait_all_tasks_blocked()
    await stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert fault(await engine.poll(sid)) == (400, 1)


async def test_a_polling_session_is_pinged_and_dropped_without_a_pong(
    engine: EngineWorld, autojump_clock: MockClock
) -> None:
    sid = await engine.open()
    for _ in range(3):
        with trio.fail_after(26):
            async with await engine.connect() as stream:
                line = f"GET /engine.io/?{polling(sid)} HTTP/1.1\r\nHost: x\r\n\r\n"
                await stream.send_all(line.encode())
                data = b""
                while not data.endswith(b"\r\n\r\n2"):
                    data += await stream.receive_some()
        assert (await engine.post(sid, "3")).text == "ok"
    await trio.sleep(46)
    assert fault(await engine.poll(sid)) == (400, 1)


async def test_a_session_can_begin_on_a_websocket(engine: EngineWorld) -> None:
    socket = await engine.websocket("")
    opened = json.loads(str(await frame(socket))[1:])
    assert opened["upgrades"] == []
    await socket.send_text("4hello")
    assert await frame(socket) == "4hello"
    await socket.stream.send_all(client_frame(BINARY, b"\x01\x02"))
    assert await frame(socket) == b"\x01\x02"
    await socket.send_text("1")
    assert (await socket.closed()).code == 1000


@pytest.mark.parametrize("text", ["abc", "", "9", "0", "5", "6", "2", "b!"])
async def test_a_malformed_packet_on_a_websocket_ends_it(engine: EngineWorld, text: str) -> None:
    socket = await engine.websocket("")
    await frame(socket)
    await socket.send_text(text)
    assert (await socket.closed()).code == 1002


async def test_a_websocket_is_pinged_and_dropped_without_a_pong(
    engine: EngineWorld, autojump_clock: MockClock
) -> None:
    socket = await engine.websocket("")
    await frame(socket)
    for _ in range(3):
        assert await frame(socket) == "2"
        await socket.send_text("3")
    started = trio.current_time()
    assert await frame(socket) == "2"
    await socket.closed()
    assert trio.current_time() - started == pytest.approx(45.0)


@pytest.mark.parametrize("query", ["EIO=3&transport=websocket", "EIO=4&transport=abc", "EIO=4"])
async def test_wrong_websocket_handshakes_are_refused(engine: EngineWorld, query: str) -> None:
    with pytest.raises(Refused) as refused:
        await engine.websocket_of(query)
    assert refused.value.status == 400


async def upgraded(engine: EngineWorld, sid: str) -> WebSocket:
    socket = await engine.websocket(f"&sid={sid}")
    await socket.send_text("2probe")
    assert await frame(socket) == "3probe"
    await socket.send_text("5")
    return socket


async def test_polling_moves_over_to_a_websocket(engine: EngineWorld) -> None:
    sid = await engine.open()
    socket = await upgraded(engine, sid)
    await socket.send_text("4hello")
    assert await frame(socket) == "4hello"
    assert fault(await engine.poll(sid)) == (400, 3)
    assert fault(await engine.post(sid, "4x")) == (400, 3)
    late = await engine.websocket(f"&sid={sid}")
    assert (await late.closed()).code == 1002
    await socket.send_text("4still here")
    assert await frame(socket) == "4still here"


async def test_an_upgrade_loses_nothing_and_ends_the_waiting_poll(engine: EngineWorld) -> None:
    sid = await engine.open()
    replies: list[str] = []

    async def poll() -> None:
        replies.append((await engine.poll(sid)).text)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(poll)
        await trio.testing.wait_all_tasks_blocked()
        socket = await engine.websocket(f"&sid={sid}")
        await socket.send_text("2probe")
        assert await frame(socket) == "3probe"
    assert replies == ["6"]
    await engine.post(sid, "4during")  # polling still carries it
    await socket.send_text("5")
    assert await frame(socket) == "4during"
    await socket.send_text("4after")
    assert await frame(socket) == "4after"


async def test_a_poll_that_comes_during_an_upgrade_does_not_hold_it_up(
    engine: EngineWorld, autojump_clock: MockClock
) -> None:
    sid = await engine.open()
    socket = await engine.websocket(f"&sid={sid}")
    await socket.send_text("2probe")
    assert await frame(socket) == "3probe"
    started = trio.current_time()
    assert (await engine.poll(sid)).text == "6"
    assert trio.current_time() == started
    await socket.send_text("5")
    await socket.send_text("4moved")
    assert await frame(socket) == "4moved"


async def test_only_one_websocket_at_a_time_may_upgrade_a_session(engine: EngineWorld) -> None:
    sid = await engine.open()
    first = await engine.websocket(f"&sid={sid}")
    assert (await (await engine.websocket(f"&sid={sid}")).closed()).code == 1002
    await first.send_text("2probe")
    assert await frame(first) == "3probe"
    assert (await (await engine.websocket(f"&sid={sid}")).closed()).code == 1002
    await first.send_text("5")
    await first.send_text("4moved")
    assert await frame(first) == "4moved"


@pytest.mark.parametrize("texts", [(), ("2probe",)])
async def test_an_upgrade_ends_with_its_session(
    engine: EngineWorld, texts: tuple[str, ...]
) -> None:
    sid = await engine.open()
    socket = (await engine.websocket(f"&sid={sid}")).ignoring("3")
    for text in texts:
        await socket.send_text(text)
    await engine.post(sid, "1")
    await socket.send_text("5")  # too late
    assert (await socket.closed()).code == 1000


async def test_no_websocket_joins_a_session_that_another_one_opened(engine: EngineWorld) -> None:
    socket = await engine.websocket("")
    sid = json.loads(str(await frame(socket))[1:])["sid"]
    assert (await (await engine.websocket(f"&sid={sid}")).closed()).code == 1002
    await socket.send_text("4still here")
    assert await frame(socket) == "4still here"


@pytest.mark.parametrize("texts", [("5",), ("4x",), ("2",), ("2probe", "2probe"), ("2probe", "4x")])
async def test_an_upgrade_that_goes_wrong_leaves_polling_as_it_was(
    engine: EngineWorld, texts: tuple[str, ...]
) -> None:
    sid = await engine.open()
    socket = await engine.websocket(f"&sid={sid}")
    for text in texts:
        await socket.send_text(text)
    if texts[0] == "2probe":
        assert await frame(socket) == "3probe"
    assert (await socket.closed()).code == 1002
    await engine.post(sid, "4hello")
    assert (await engine.poll(sid)).text == "4hello"
    again = await upgraded(engine, sid)
    await again.send_text("4now")
    assert await frame(again) == "4now"


async def test_an_upgrade_that_never_ends_is_given_up(
    engine: EngineWorld, autojump_clock: MockClock
) -> None:
    sid = await engine.open()
    socket = await engine.websocket(f"&sid={sid}")
    await socket.send_text("2probe")
    assert await frame(socket) == "3probe"
    started = trio.current_time()
    await socket.closed()
    assert trio.current_time() - started == pytest.approx(SETTINGS.upgrade_timeout)


async def test_the_session_ends_with_the_websocket_that_carries_it(engine: EngineWorld) -> None:
    sid = await engine.open()
    socket = await upgraded(engine, sid)
    await socket.send_text("4x")
    await frame(socket)
    await socket.drop()
    assert fault(await engine.poll(sid)) == (400, 1)
    assert not engine.server._sessions


async def test_allowed_pages_get_cors_headers_and_others_an_error(engine: EngineWorld) -> None:
    evil = "http://evil.example"
    refused = await engine.ask("GET", "EIO=4&transport=polling", Origin=evil)
    assert fault(refused) == (403, 4)
    assert "access-control-allow-origin" not in refused.headers
    preflight = await engine.ask("OPTIONS", "EIO=4&transport=polling", Origin=OPEN_PAGE)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == OPEN_PAGE
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    sid = await engine.open(Origin=OPEN_PAGE)
    reply = await engine.post(sid, "4x", Origin=OPEN_PAGE)
    assert (reply.text, reply.headers["access-control-allow-origin"]) == ("ok", OPEN_PAGE)
    wrong = await engine.post("unknown", "4x", Origin=OPEN_PAGE)  # the page may read the error too
    assert fault(wrong) == (400, 1)
    assert wrong.headers["access-control-allow-origin"] == OPEN_PAGE


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_the_application_sees_the_query_of_every_transport(transport: str) -> None:
    seen: list[dict[str, str]] = []

    async def look(connection: EngineConnection, opening: Opening) -> None:
        seen.append(opening.head.query)
        await connection.receive()

    async with open_engine(look) as engine:
        extra = "&room=a%20b&empty=&twice=1&twice=2"
        if transport == "polling":
            await engine.ask("GET", f"EIO=4&transport=polling{extra}")
        else:
            assert str(await frame(await engine.websocket(extra))).startswith("0")
    own = {"EIO": "4", "transport": transport}
    assert seen == [{**own, "room": "a b", "empty": "", "twice": "2"}]


async def test_an_exception_in_a_handler_ends_only_its_own_session() -> None:
    async def fails(connection: object, _: object) -> None:
        if await connection.receive() == "fail":  # type: ignore[attr-defined]
            raise RuntimeError("on purpose")
        connection.send("fine")  # type: ignore[attr-defined]
        await connection.receive()  # type: ignore[attr-defined]

    async with open_engine(fails) as engine:
        first, second = await engine.open(), await engine.open()
        await engine.post(first, "4fail")
        await trio.testing.wait_all_tasks_blocked()
        assert fault(await engine.poll(first)) == (400, 1)
        await engine.post(second, "4go on")
        assert (await engine.poll(second)).text == "4fine"


async def test_a_session_without_polls_ends_before_it_fills_the_memory() -> None:
    async def flood(connection: EngineConnection, opening: Opening) -> None:
        del opening
        for _ in range(20):
            connection.send("x" * (MAX_QUEUED_BYTES // 10))
        await connection.receive()

    async with open_engine(flood) as engine:
        sid = await engine.open()
        await trio.testing.wait_all_tasks_blocked()
        assert fault(await engine.poll(sid)) == (400, 1)


async def test_a_post_is_charged_by_its_size_even_if_it_is_malformed(
    autojump_clock: MockClock,
) -> None:
    pace = Pace(rate=10, burst=1)

    async def known(connection: EngineConnection, opening: Opening) -> None:
        del opening
        connection.belongs_to(pace)
        await connection.receive()

    async with open_engine(known) as engine:
        sid = await engine.open()
        started = trio.current_time()
        malformed = "\x1e" * 50 * BYTES_OF_ONE
        assert fault(await engine.post(sid, malformed)) == (400, 3)
        assert trio.current_time() - started == pytest.approx(5, abs=0.2)
