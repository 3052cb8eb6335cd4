"""Frames on each dialect: malformed ones, control frames, fragments, large and compressed ones."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from tests.abuse.field import Attack, Field, Run, Who, at_once
from tests.abuse.wire import CONTINUATION, PING, PONG, frame, say

MANY: Final = 50  # connections of one user
DEFLATE: Final = "Sec-WebSocket-Extensions: permessage-deflate"
PATHS: Final[Mapping[str, str]] = {
    "/ws": "cookie",
    "/ws/chat": "chat_cookie",
    "/messagepal": "chat_cookie",
    "/gateway": "chat_cookie",
}


def said(path: str, blob: bytes, connections: int = 1, *more: str, reads: bool = True) -> Run:
    """One user sends this on a path, again and again."""

    async def run(field: Field) -> None:
        async def one() -> None:
            if path == "/socket.io":
                path_, header, opening = field.member(field.me)
            else:
                path_, header, opening = path, getattr(field.me, PATHS[path]), []
            async with field.websocket(path_, header, *more, opening=opening) as socket:
                await socket.flood(blob, reads=reads)

        await at_once(connections, one)

    return run


def deflated(text: bytes) -> bytes:
    """A compressed text frame."""
    state = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = state.compress(text) + state.flush(zlib.Z_SYNC_FLUSH)
    return frame(data.removesuffix(b"\x00\x00\xff\xff"), rsv1=1)


NONSENSE: Final = frame("x") * 8_000
PINGS: Final = frame(b"", PING) * 8_000
PONGS: Final = frame(b"", PONG) * 8_000
EMPTY: Final = frame("") * 8_000
FRAGMENTS: Final = frame("x", final=False) + frame("x", CONTINUATION, final=False) * 8_000
LARGE: Final = frame("x" * 65_000) * 16
UNKNOWN: Final = say({"type": "x" * 1_000}) * 64
BOMB: Final = deflated(bytes(60_000_000))
SMALL_BOMBS: Final = deflated(b"x" * 65_000) * 500

ATTACKS: Final[Sequence[Attack]] = (
    *(
        Attack(f"{path}: nonsense", Who.ONE, "frames", said(path, NONSENSE))
        for path in (*PATHS, "/socket.io")
    ),
    Attack("/ws: nonsense, 50 connections", Who.MANY, "frames", said("/ws", NONSENSE, MANY)),
    Attack(
        "/socket.io: nonsense, 50 connections",
        Who.MANY,
        "frames",
        said("/socket.io", frame('42["x"]') * 4_000, MANY),
    ),
    Attack("/ws: pings", Who.ONE, "frames", said("/ws", PINGS)),
    Attack("/ws: pings, 50 connections", Who.MANY, "frames", said("/ws", PINGS, MANY)),
    Attack("/ws: pings, answers not read", Who.ONE, "frames", said("/ws", PINGS, 1, reads=False)),
    Attack("/ws: pongs", Who.ONE, "frames", said("/ws", PONGS)),
    Attack("/ws: empty frames", Who.ONE, "frames", said("/ws", EMPTY)),
    Attack("/ws: fragments", Who.ONE, "frames", said("/ws", FRAGMENTS)),
    Attack("/ws: frames of 65 KB", Who.MANY, "frames", said("/ws", LARGE, 10)),
    Attack("/ws/chat: unknown types of 1 KB", Who.ONE, "frames", said("/ws/chat", UNKNOWN)),
    Attack("/ws: 60 KB that inflate to 60 MB", Who.MANY, "frames", said("/ws", BOMB, 10, DEFLATE)),
    Attack(
        "/ws: 80 bytes that inflate to 65 KB",
        Who.MANY,
        "frames",
        said("/ws", SMALL_BOMBS, 10, DEFLATE),
    ),
)
