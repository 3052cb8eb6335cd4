"""Log lines have the ids by which a connection or request can be followed through the hub."""

import json
from typing import Any

import pytest

from hub.settings.choices import LogLevel
from hub.settings.log_tap import tap
from persistence.interface import Store
from tests.support.clients.http import request
from tests.support.clients.socketio import connect, token_of
from tests.support.quiet import until_quiet
from tests.support.telemetry.logs import about, captured_lines, written_log
from tests.support.world import World, open_world

PROXY = "192.0.2.1"
SECRET = "swordfish"
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def test_all_lines_of_a_websocket_have_its_id_its_user_and_its_request(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    with captured_lines() as lines:
        anns, bens = await ann.open(), await ben.open("/messagepal")
        await anns.ask({"type": "private_message", "recipient_id": 99_999, "content": SECRET})
        await anns.send_text("{")
        await anns.receive_type("error")
        for socket in (anns, bens):
            await socket.drop(besides=("user_status", "status"))
        await until_quiet()
    events = ["client_connected", "command_refused", "frame_refused", "client_disconnected"]
    theirs = about(lines, *events)
    assert [(x["event"], x["user"]) for x in theirs if x["user"] == ann.id] == [
        (event, ann.id) for event in events
    ]
    for person, dialect in ((ann, "private_messages"), (ben, "messenger")):
        own = [line for line in lines if line.get("user") == person.id]
        (name,) = {line["connection"] for line in own}
        whole = [line for line in lines if line.get("connection") == name]
        assert whole[0]["event"] == "connection_opened"
        assert whole[-1]["event"] == "connection_closed"
        assert whole[-1]["user"] == person.id
        (closed,) = about(own, "client_disconnected")
        assert (closed["dialect"], closed["code"]) == (dialect, 1006)
        assert closed["seconds"] >= 0
        in_its_tasks = [line for line in whole[1:] if line["event"] != "command_refused"]
        assert len({line["request"] for line in in_its_tasks}) == 1
    assert SECRET not in repr(lines)


async def test_a_close_is_logged_with_its_code(world: World) -> None:
    (ann,) = await world.people("ann")
    with captured_lines() as lines:
        socket = await ann.open()
        await socket.send_text("x" * 200_000)
        _, closed = await socket.until_closed()
        await socket.stream.aclose()
        await until_quiet()
    (line,) = about(lines, "client_disconnected")
    assert line["code"] == closed.code == 1009


async def test_requests_on_one_connection_have_ids_and_users_of_their_own(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    with captured_lines() as lines:
        async with world.connect() as stream:
            for cookie in (ann.cookie, "", ben.cookie):
                headers = {"Cookie": cookie} if cookie else {}
                reply = await request(stream, "GET", "/api/messages/unread-count", None, headers)
                lines.append({"event": "got", "id": reply.headers["x-request-id"]})
        await until_quiet()
    answered = about(lines, "request_answered")
    assert [line["request"] for line in answered] == [line["id"] for line in about(lines, "got")]
    assert len({line["request"] for line in answered}) == 3
    assert [line.get("user") for line in answered] == [ann.id, None, ben.id]
    assert [line["status"] for line in answered] == [200, 401, 200]
    assert {line["route"] for line in answered} == {"/api/messages/unread-count"}
    (name,) = {line["connection"] for line in answered}
    (closed,) = about(lines, "connection_closed")
    assert (closed["connection"], closed.get("user"), closed.get("request")) == (name, None, None)


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("7a3f-99", True),
        ("Root=1-67891233-abcdef012345678912345678", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("with space", False),
        ("<script>", False),
        ("", False),
    ],
)
async def test_a_request_id_from_a_trusted_proxy_is_used_if_it_is_valid(
    memory_store: Store, given: str, is_taken: bool
) -> None:
    async with open_world(memory_store, trusted_proxies=(PROXY,)) as world:
        headers = {"X-Request-Id": given}
        reply = await world.call("GET", "/healthz", headers=headers)
        assert (reply.headers["x-request-id"] == given) is is_taken
        stranger = await world.call("GET", "/healthz", headers=headers, peer="192.0.2.9")
        assert stranger.headers["x-request-id"] not in ("", given)
        socket = await world.call("GET", "/ws", headers=headers)
        assert (socket.status, socket.headers["x-request-id"] == given) == (426, is_taken)


async def test_search_terms_are_not_logged(world: World) -> None:
    (ann,) = await world.people("ann")
    with captured_lines() as lines:
        await ann.call("GET", f"/api/users/search?q={SECRET}")
        await ann.call("GET", f"/api/channels/query/{SECRET}")
        await world.call("GET", f"/{SECRET}")
        await until_quiet()
    routes = [line["route"] for line in about(lines, "request_answered")]
    assert len(routes) == 3
    assert routes[-1] is None
    assert SECRET not in repr(lines)


async def test_log_lines_of_socketio_sessions_on_one_proxy_connection_are_kept_apart(
    world: World,
) -> None:
    people = await world.people("ann", "ben")
    with captured_lines() as lines:
        async with world.connect() as stream:
            for person in people:
                path = "/socket.io/?EIO=4&transport=polling"
                opened = await request(stream, "GET", path)
                path += f"&sid={json.loads(opened.text[1:])['sid']}"
                plain = {"Content-Type": "text/plain"}
                auth = json.dumps({"token": token_of(person)})
                await request(stream, "POST", path, f"40{auth}".encode(), plain)
                await until_quiet()
                await request(stream, "GET", path)
                await request(stream, "POST", path, b"41", plain)
                await until_quiet()
                await request(stream, "POST", path, b"1", plain)
                await until_quiet()
    (http,) = {line["connection"] for line in about(lines, "connection_opened")}
    opened_sessions = about(lines, "session_opened")
    assert [line["over"] for line in opened_sessions] == [http, http]
    names = [line["connection"] for line in opened_sessions]
    assert len({http, *names}) == 3
    for name, person in zip(names, people, strict=True):
        own = [line for line in lines if line.get("connection") == name]
        assert [(line["event"], line.get("user")) for line in own] == [
            ("session_opened", None),
            ("client_connected", person.id),
            ("client_disconnected", person.id),
            ("session_closed", person.id),
        ]
        polls = [x for x in about(lines, "request_answered") if x.get("user") == person.id]
        assert {line["connection"] for line in polls} == {http}


async def test_a_follower_gets_lines_of_all_connections_of_its_user_and_of_no_other(
    world: World,
) -> None:
    ann, ben = await world.people("ann", "ben")
    seen: list[Any] = []
    with written_log(LogLevel.WARNING) as written, tap.follow(ann.id) as follower:
        anns, bens = await ann.open(), await ben.open()
        for socket in (anns, bens):
            socket.ignoring("user_online_status")
        for socket, peer in ((anns, ben), (bens, ann)):
            await socket.send(
                {"type": "private_message", "recipient_id": peer.id, "content": SECRET}
            )
            for each in (anns, bens):
                await each.receive_type("private_message")
        await ann.call("GET", "/api/messages/unread-count")
        await ben.call("GET", "/api/messages/unread-count")
        events = await connect(world, {"token": token_of(ann)})
        events.ignoring("message:offline")
        await events.packet()
        for socket in (events.socket, anns, bens):
            await socket.drop()
        await until_quiet()
        while len(seen) < 8:
            seen.append(await anext(follower))
    assert {line["user"] for line in seen} == {ann.id}
    assert {line["event"] for line in seen} >= {
        "client_connected", "command_received", "request_answered", "client_disconnected",
    }  # fmt: skip
    assert SECRET not in repr(seen)
    assert "client_connected" not in written.getvalue()


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421, "host_refused"),
        ("GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400, "bad_request"),
        (
            f"GET /ws HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n",
            401,
            "Unauthorized: No session cookie",
        ),
        (
            f"GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a.example\r\n{UPGRADE}\r\n",
            403,
            "Origin not allowed",
        ),
    ],
)
async def test_a_request_refused_before_it_is_routed_is_logged_with_its_reason_and_ids(
    world: World, sent: str, status: int, reason: str
) -> None:
    with captured_lines() as lines:
        async with world.connect() as stream:
            await stream.send_all(sent.encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive_some()
        await until_quiet()
    assert head.startswith(b"HTTP/1.1 %d " % status)
    (line,) = about(lines, "request_refused")
    assert (line["status"], line["reason"], line["log_level"]) == (status, reason, "debug")
    assert f"x-request-id: {line['request']}".encode() in head.lower()
    (opened,) = about(lines, "connection_opened")
    assert line["connection"] == opened["connection"]


async def test_a_refusal_by_close_code_is_logged_too(world: World) -> None:
    with captured_lines() as lines:
        async with world.connect() as stream:
            asked = f"GET /ws/chat HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n"
            await stream.send_all(asked.encode())
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
        await until_quiet()
    (line,) = about(lines, "request_refused")
    assert line["code"] == 4001
