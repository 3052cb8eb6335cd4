"""The means of an attack: connections from an address of its own, accounts, and a count of the
responses.
"""

import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Final, TypeAlias

import trio
from attrs import define, field, frozen

from tests.abuse.people import Person
from tests.abuse.wire import (
    CHUNK,
    CUT,
    HEAD_END,
    SOCKETIO,
    Ending,
    Statuses,
    connect,
    frame,
    handshake,
)

PAUSE_SECONDS: Final = 0.05  # until a refused attacker tries again
_SID: Final = re.compile(rb'"sid":"([^"]+)"')
BROKEN: Final = (trio.BrokenResourceError, trio.ClosedResourceError, OSError, ssl.SSLError)


class Who(Enum):
    """The kind of attacker."""

    STRANGER = "stranger"
    ONE = "one user, one connection"
    MANY = "one user, many connections"


class Refused(Exception):
    """A handshake did not get the expected response; this was counted."""


@define
class Field:
    """The place of one attack.

    Args:
        port: the hub's.
        address: the address of the attacker's connections.
        people: the attacker, their peer, and others.
        tls: None where the hub uses plain HTTP.
    """

    port: int
    address: str
    people: Sequence[Person]
    tls: ssl.SSLContext | None = None
    answers: Counter[str] = field(factory=Counter)

    @property
    def me(self) -> Person:
        """The attacker, if it is a user."""
        return self.people[0]

    @property
    def peer(self) -> Person:
        """The peer of the attacker's conversation."""
        return self.people[1]

    async def connect(self, receive_buffer: int = 0) -> trio.abc.Stream:
        """A new connection.

        Raises:
            OSError: it is refused.
        """
        return await connect(self.port, self.address, self.tls, receive_buffer)

    @asynccontextmanager
    async def websocket(
        self, path: str, header: str = "", *more: str, opening: Sequence[bytes] = ()
    ) -> AsyncIterator["Socket"]:
        """A WebSocket on which each part of `opening` got a response.

        Raises:
            Refused: it was not opened.
        """
        try:
            stream = await self.connect()
        except BROKEN as error:
            self.answers["not connected"] += 1
            raise Refused from error
        async with stream:
            socket = Socket(stream, self)
            await socket.open(handshake(path, header, *more), opening)
            yield socket

    def member(self, person: Person) -> tuple[str, str, list[bytes]]:
        """The path, header and opening of a Socket.IO client: arguments of `websocket`."""
        return SOCKETIO, "", [frame(f'40{{"token":"{person.token}"}}')]


@define
class Socket:
    """An open WebSocket of an attacker."""

    stream: trio.abc.Stream
    place: Field
    ending: Ending = field(factory=Ending)

    async def open(self, opening: bytes, more: Sequence[bytes]) -> None:
        """Shake hands.

        Raises:
            Refused: the response is another one; it was counted.
        """
        try:
            await self.stream.send_all(opening)
            data = b""
            while HEAD_END not in data:
                data += await self._some()
            if not data.startswith(b"HTTP/1.1 101"):
                Statuses(self.place.answers).take(data)
                raise Refused
            self.place.answers["101"] += 1
            for each in more:
                await self.stream.send_all(each)
                self.ending.take(await self._some())
        except BROKEN as error:
            self.place.answers[self.ending.name] += 1
            raise Refused from error

    async def _some(self) -> bytes:
        data = bytes(await self.stream.receive_some(CHUNK))
        if not data:
            self.place.answers[self.ending.name] += 1
            raise Refused
        return data

    async def until(self, marker: bytes) -> bytes:
        """Read until this has come; returns what was read.

        Raises:
            Refused: the connection ended before.
        """
        data = b""
        while marker not in data:
            try:
                data += await self._some()
            except BROKEN as error:
                self.place.answers[self.ending.name] += 1
                raise Refused from error
        return data

    async def drain(self) -> None:
        """Read all that comes, until the hub ends the connection; count how."""
        try:
            while data := bytes(await self.stream.receive_some(CHUNK)):
                self.ending.take(data)
                if self.ending.name != CUT:
                    break  # without a close frame, which would take time
        except BROKEN:
            pass
        self.place.answers[self.ending.name] += 1

    async def flood(self, blob: bytes, *, reads: bool = True) -> None:
        """Send this again and again, until the hub ends the connection."""
        async with trio.open_nursery() as nursery:
            if reads:
                nursery.start_soon(self._drain_and_cancel, nursery)
            try:
                while True:
                    await self.stream.send_all(blob)
            except BROKEN:
                if not reads:
                    self.place.answers[CUT] += 1
                    nursery.cancel_scope.cancel()

    async def _drain_and_cancel(self, nursery: trio.Nursery) -> None:
        await self.drain()
        nursery.cancel_scope.cancel()


Run: TypeAlias = Callable[[Field], Awaitable[None]]
"""Attacks until cancelled."""
Making: TypeAlias = Callable[[Field], bytes]
"""The bytes that a certain attacker sends."""


@frozen
class Attack:
    """A row of the table.

    `name`: a short one. `phase`: the phase of a connection that it abuses. `hub`: the kind of the
    hub, a key of `tests.abuse.hubs.KINDS`. `has_login`: whether newcomers sign in meanwhile.
    """

    name: str
    who: Who
    phase: str
    run: Run
    hub: str = "plain"
    has_login: bool = False


async def again_and_again(run: Callable[[], Awaitable[None]]) -> None:
    """Run again and again, after a refusal, too."""
    while True:
        with suppress(Refused):
            await run()
        await trio.sleep(PAUSE_SECONDS)


async def at_once(count: int, run: Callable[[], Awaitable[None]]) -> None:
    """Run so many at a time, each again and again."""
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(again_and_again, run)


def requests(making: Making, connections: int = 8, pipelined: int = 8, pause: float = 0.0) -> Run:
    """Send requests as fast as responses come."""

    async def run(field: Field) -> None:
        blob = making(field) * pipelined

        async def one() -> None:
            try:
                async with await field.connect() as stream:
                    await ask(field, stream, blob, pipelined, pause)
            except BROKEN:
                field.answers["cut"] += 1

        await at_once(connections, one)

    return run


async def ask(
    field: Field, stream: trio.abc.Stream, blob: bytes, count: int, pause: float = 0.0
) -> None:
    """Send so many requests, wait for the first bytes of all responses; again until the end."""
    statuses = Statuses(field.answers)
    answered = 0
    async with trio.open_nursery() as nursery:
        wanted = trio.Event()

        async def send() -> None:
            nonlocal wanted
            while True:
                try:
                    await stream.send_all(blob)
                except BROKEN:
                    return  # the response may still be read
                await wanted.wait()
                wanted = trio.Event()
                await trio.sleep(pause)

        nursery.start_soon(send)
        while True:
            try:
                data = bytes(await stream.receive_some(CHUNK))
            except BROKEN:
                data = b""
            if not data:
                nursery.cancel_scope.cancel()
                return
            answered += statuses.take(data)
            if answered >= count:
                answered -= count
                wanted.set()


def sid_of(data: bytes) -> str:
    """The session id in a handshake of Engine.IO.

    Raises:
        Refused: there is none.
    """
    found = _SID.search(data)
    if found is None:
        raise Refused
    return found[1].decode()
