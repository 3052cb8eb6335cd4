"""Engine.IO sessions of strangers, and the payloads of polling."""

from collections.abc import Callable, Sequence
from typing import Final

import trio

from tests.abuse.field import (
    BROKEN,
    Attack,
    Field,
    Refused,
    Run,
    Who,
    ask,
    at_once,
    requests,
    sid_of,
)
from tests.abuse.people import Person
from tests.abuse.wire import CHUNK, PING, POLLING, SOCKETIO, Statuses, frame, request

SEPARATOR: Final = "\x1e"
NOT_A_TOKEN: Final = '40{"token":"%s"}'


def _strangers(count: int, blob: bytes, *, reads: bool = True) -> Run:
    """Sessions on WebSockets that send this again and again, and never sign in."""

    async def run(field: Field) -> None:
        async def one() -> None:
            async with field.websocket(SOCKETIO) as socket:
                await socket.flood(blob, reads=reads)

        await at_once(count, one)

    return run


async def _never_join(field: Field) -> None:
    async def one() -> None:
        async with field.websocket(SOCKETIO) as socket:
            await socket.drain()

    await at_once(500, one)


def _posts(
    body: Callable[[Person], str], *, member: bool, connections: int, length: int = -1
) -> Run:
    """Polling requests with this body, in sessions that have signed in or not."""

    async def run(field: Field) -> None:
        said = body(field.me).encode()

        async def one() -> None:
            try:
                async with await field.connect() as stream:
                    sid = await _session(field, stream, member=member)
                    path = f"{POLLING}&sid={sid}"
                    await ask(field, stream, request("POST", path, "", said, length=length), 1)
            except BROKEN:
                field.answers["cut"] += 1

        await at_once(connections, one)

    return run


async def _session(field: Field, stream: trio.abc.Stream, *, member: bool) -> str:
    """Open a new session; returns its id.

    Raises:
        Refused: there is none.
    """
    sid = sid_of(await _answer(field, stream, request("GET", POLLING)))
    if member:
        path = f"{POLLING}&sid={sid}"
        said = NOT_A_TOKEN % field.me.token
        await _answer(field, stream, request("POST", path, "", said.encode()))
        await _answer(field, stream, request("GET", path))
    return sid


async def _answer(field: Field, stream: trio.abc.Stream, asked: bytes) -> bytes:
    await stream.send_all(asked)
    data = bytes(await stream.receive_some(CHUNK))
    Statuses(field.answers).take(data)
    if not data:
        raise Refused
    if b"\r\n\r\n" in data and data.endswith(b"\r\n\r\n"):
        data += bytes(await stream.receive_some(CHUNK))
    return data


PINGS: Final = frame(b"", PING) * 8_000
LARGE_TOKEN: Final = frame(NOT_A_TOKEN % ("x" * 900_000))

ATTACKS: Final[Sequence[Attack]] = (
    Attack(
        "Engine.IO: 20,000 sessions",
        Who.STRANGER,
        "polling",
        requests(lambda _: request("GET", POLLING), 8, 16),
    ),
    Attack("Engine.IO: 500 that never join", Who.STRANGER, "handshake", _never_join),
    Attack("Engine.IO: pings", Who.STRANGER, "frames", _strangers(1, PINGS)),
    Attack("Engine.IO: pings, 10 connections", Who.STRANGER, "frames", _strangers(10, PINGS)),
    Attack(
        "Engine.IO: heartbeats, 10 connections",
        Who.STRANGER,
        "frames",
        _strangers(10, frame("3") * 8_000),
    ),
    Attack("Engine.IO: CONNECT of 900 KB", Who.STRANGER, "handshake", _strangers(3, LARGE_TOKEN)),
    Attack(
        "Engine.IO: forged tokens",
        Who.STRANGER,
        "handshake",
        _strangers(10, frame(NOT_A_TOKEN % "a.b.c") * 1_000),
    ),
    Attack(
        "polling: posts of 900 KB",
        Who.STRANGER,
        "polling",
        _posts(lambda _: NOT_A_TOKEN % ("x" * 900_000), member=False, connections=8),
    ),
    Attack(
        "polling: 64 slow large posts",
        Who.STRANGER,
        "polling",
        _posts(lambda _: "x", member=False, connections=64, length=900_000),
    ),
    Attack(
        "polling: 5,000 packets a post",
        Who.STRANGER,
        "polling",
        _posts(lambda _: SEPARATOR.join(["3"] * 5_000), member=False, connections=8),
    ),
    Attack(
        "polling: 100,000 packets a post",
        Who.MANY,
        "polling",
        _posts(lambda _: SEPARATOR.join(['42["x"]'] * 100_000), member=True, connections=8),
    ),
)
