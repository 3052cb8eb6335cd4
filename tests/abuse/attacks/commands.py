"""Well-formed frames: heartbeats, joins, typing, marks, resumes, pages, messages."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import trio

from protocol.shapes.uuids import IdKind, to_uuid
from tests.abuse.attacks.frames import said
from tests.abuse.field import Attack, Field, Run, Who, again_and_again, at_once
from tests.abuse.people import Person
from tests.abuse.wire import SOCKETIO, event, frame, say

Saying: TypeAlias = Callable[[Person], bytes]
AT_ONCE: Final = 200
FIRST_MESSAGE: Final = 1
UNREAD: Final = 300


def commands(path: str, saying: Saying, connections: int = 1) -> Run:
    """Frames of one user, about that user's own channels."""

    async def run(field: Field) -> None:
        await said(path, saying(field.me) * AT_ONCE, connections)(field)

    return run


def _ws(**content: object) -> Saying:
    return lambda _: say(content)


def _to_peer(kind: str, **content: object) -> Saying:
    return lambda me: say({"type": kind, "recipient_id": me.peer, **content})


def _in_channel(kind: str, **content: object) -> Saying:
    return lambda me: say({"type": kind, "channelId": me.channel, **content})


def _event(name: str, **content: object) -> Saying:
    return lambda me: event(name, {"channelId": me.dm_uuid, **content}, ack=1)


def _mark(me: Person) -> bytes:
    del me
    return event("message:read", {"messageId": to_uuid(IdKind.MESSAGE, FIRST_MESSAGE)}, ack=1)


def _history(me: Person) -> bytes:
    low, high = sorted((me.id, me.peer))
    return say({"type": "fetch_history", "conversationId": f"conv_{low}_{high}"})


async def _unread(field: Field) -> None:
    """Fill the log of a peer who connects over Socket.IO again and again."""
    message = say(
        {"type": "private_message", "recipient_id": field.peer.id, "content": "x" * 4_000}
    )
    async with field.websocket("/ws", field.me.cookie) as socket:
        for _ in range(UNREAD):
            await socket.stream.send_all(message)
            await socket.until(b'"private_message"')

    async def one() -> None:
        async with field.websocket(SOCKETIO) as socket:
            await socket.stream.send_all(frame(f'40{{"token":"{field.peer.token}"}}'))
            await socket.until(b"message:offline")
            field.answers["message:offline"] += 1

    await again_and_again(one)


async def _recoveries(field: Field) -> None:
    """Connections that claim to be earlier ones."""
    claim = f'40{{"token":"{field.me.token}","pid":"forged","offset":"forged"}}'

    async def one() -> None:
        async with field.websocket(SOCKETIO) as socket:
            await socket.stream.send_all(frame(claim))
            await socket.until(b'40{"sid"')
            field.answers["joined"] += 1

    await at_once(8, one)


async def _flapping(field: Field) -> None:
    """Connect and disconnect."""

    async def one() -> None:
        async with field.websocket("/ws", field.me.cookie) as socket:
            await socket.until(b"Welcome")

    await at_once(8, one)


async def _crowd(field: Field) -> None:
    """1,200 connections at a time."""

    async def one() -> None:
        async with field.websocket("/ws", field.me.cookie) as socket:
            await socket.drain()

    await at_once(1_200, one)


async def _flooded_resume(field: Field) -> None:
    """A user resumes again and again while they get messages."""

    async def resume() -> None:
        async with field.websocket("/ws?resume", field.peer.cookie) as socket:
            await socket.stream.send_all(say({"type": "resume"}))
            await socket.until(b'"resumed"')
            field.answers["resumed"] += 1

    async def write() -> None:
        async with field.websocket("/ws", field.me.cookie) as socket:
            content = {"type": "private_message", "recipient_id": field.peer.id, "content": "x"}
            await socket.flood(say(content) * AT_ONCE)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(again_and_again, write)
        nursery.start_soon(again_and_again, resume)


ATTACKS: Final[Sequence[Attack]] = (
    Attack("/ws: heartbeats", Who.ONE, "commands", commands("/ws", _ws(type="heartbeat"))),
    Attack(
        "/ws/chat: heartbeats, 50 connections",
        Who.MANY,
        "commands",
        commands("/ws/chat", _ws(type="heartbeat"), 50),
    ),
    Attack("/gateway: heartbeats", Who.ONE, "commands", commands("/gateway", _ws(op="HEARTBEAT"))),
    Attack(
        "/gateway: IDENTIFY",
        Who.ONE,
        "commands",
        commands("/gateway", lambda me: say({"op": "IDENTIFY", "d": {"userId": me.id}})),
    ),
    Attack(
        "/ws/chat: joins and leaves",
        Who.ONE,
        "commands",
        commands(
            "/ws/chat",
            lambda me: _in_channel("join_channel")(me) + _in_channel("leave_channel")(me),
        ),
    ),
    Attack(
        "/socket.io: joins and leaves",
        Who.ONE,
        "commands",
        commands("/socket.io", lambda me: _event("channel:join")(me) + _event("channel:leave")(me)),
    ),
    Attack(
        "/ws: typing",
        Who.ONE,
        "commands",
        commands("/ws", _to_peer("typing_indicator", is_typing=True)),
    ),
    Attack(
        "/socket.io: typing",
        Who.ONE,
        "commands",
        commands("/socket.io", _event("message:typing:start")),
    ),
    Attack(
        "/messagepal: read marks",
        Who.ONE,
        "commands",
        commands("/messagepal", _ws(type="mark_read", messageId="1")),
    ),
    Attack("/socket.io: read marks", Who.ONE, "commands", commands("/socket.io", _mark)),
    Attack("/ws: resumes", Who.ONE, "resume", commands("/ws", _ws(type="resume"))),
    Attack(
        "/ws: resumes, 50 connections", Who.MANY, "resume", commands("/ws", _ws(type="resume"), 50)
    ),
    Attack("/ws: resumes while written to", Who.MANY, "resume", _flooded_resume),
    Attack(
        "/socket.io: resumes",
        Who.ONE,
        "resume",
        commands("/socket.io", lambda _: event("resume", {}, 1)),
    ),
    Attack("/socket.io: forged recoveries", Who.MANY, "resume", _recoveries),
    Attack("/socket.io: 300 unread, then reconnects", Who.MANY, "resume", _unread),
    Attack("/messagepal: histories", Who.ONE, "commands", commands("/messagepal", _history)),
    Attack(
        "/socket.io: messages:get",
        Who.ONE,
        "commands",
        commands("/socket.io", _event("messages:get")),
    ),
    Attack(
        "/ws: messages",
        Who.ONE,
        "commands",
        commands("/ws", _to_peer("private_message", content="x")),
    ),
    Attack(
        "/ws: messages of 16 KB",
        Who.ONE,
        "commands",
        commands("/ws", _to_peer("private_message", content="\U0001f600" * 4_000)),
    ),
    Attack(
        "/ws/chat: messages, 50 connections",
        Who.MANY,
        "commands",
        commands("/ws/chat", _in_channel("send_message", content="x"), 50),
    ),
    Attack(
        "/socket.io: messages",
        Who.ONE,
        "commands",
        commands("/socket.io", _event("message:send", content="x")),
    ),
    Attack("/ws: 1,200 connections", Who.MANY, "handshake", _crowd),
    Attack("/ws: come and go", Who.MANY, "handshake", _flapping),
)
