"""Connections of strangers: silent, slow, many, and TLS handshakes that never end."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from tests.abuse.field import BROKEN, Attack, Field, Refused, Run, Who, at_once
from tests.abuse.wire import CHUNK, Statuses, connect, request

SLOW_SECONDS: Final = 0.5
CLIENT_HELLO: Final = bytes.fromhex("16030100c8010000c40303")  # the first bytes of a TLS connection


def _held(count: int, said: bytes = b"", *, plain: bool = True) -> Run:
    """So many connections that send this and wait."""

    async def run(field: Field) -> None:
        async def one() -> None:
            try:
                stream = await connect(field.port, field.address, None if plain else field.tls)
                async with stream:
                    if said:
                        await stream.send_all(said)
                    await _heard(field, stream)
            except BROKEN:
                field.answers["cut"] += 1

        await at_once(count, one)

    return run


async def _heard(field: Field, stream: trio.abc.Stream) -> None:
    statuses, count = Statuses(field.answers), 0
    while data := bytes(await stream.receive_some(CHUNK)):
        count += statuses.take(data)
    if not count:
        field.answers["closed"] += 1


def _dripped(count: int, head: bytes, part: bytes) -> Run:
    """So many connections that each send a little at a time."""

    async def run(field: Field) -> None:
        async def one() -> None:
            try:
                async with await field.connect() as stream, trio.open_nursery() as nursery:
                    await stream.send_all(head)
                    nursery.start_soon(_drip, stream, part)
                    await _heard(field, stream)
                    nursery.cancel_scope.cancel()
            except* BROKEN:
                field.answers["cut"] += 1

        await at_once(count, one)

    return run


async def _drip(stream: trio.abc.Stream, part: bytes) -> None:
    while True:
        await trio.sleep(SLOW_SECONDS)
        await stream.send_all(part)


async def _come_and_go(field: Field, *, tls: bool = False) -> None:
    """Connect and leave, as fast as possible."""

    async def one() -> None:
        while True:
            try:
                stream = await connect(field.port, field.address, field.tls if tls else None)
            except BROKEN as error:
                field.answers["not connected"] += 1
                raise Refused from error
            field.answers["connected"] += 1
            await trio.aclose_forcefully(stream)

    await at_once(8, one)


ATTACKS: Final[Sequence[Attack]] = (
    Attack("connect and leave", Who.STRANGER, "connection", _come_and_go),
    Attack("1,000 silent connections", Who.STRANGER, "connection", _held(1_000)),
    Attack("500 slow heads", Who.STRANGER, "head", _dripped(500, b"GET / HTTP/1.1\r\nX: ", b"x")),
    Attack(
        "64 slow large bodies to uploads",
        Who.STRANGER,
        "body",
        _dripped(64, request("POST", "/api/upload", length=10_000_000) + b"x", b"x"),
    ),
    Attack(
        "500 slow bodies to the login",
        Who.STRANGER,
        "body",
        _dripped(500, request("POST", "/api/auth/login", "", b"", length=60_000), b"{"),
    ),
    Attack(
        "TLS: 500 silent",
        Who.STRANGER,
        "TLS",
        _held(500),
        hub="tls",
    ),
    Attack("TLS: 500 half hellos", Who.STRANGER, "TLS", _held(500, CLIENT_HELLO), hub="tls"),
    Attack(
        "TLS: handshakes without a pause",
        Who.STRANGER,
        "TLS",
        partial(_come_and_go, tls=True),
        hub="tls",
    ),
)
