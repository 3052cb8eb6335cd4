"""Devices of every dialect, each in one conversation or room, that are connected to one hub of
several and reconnect to another one. Some of them write; some of these repeat messages that were
not acknowledged, and some never do.
"""

import json
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from typing import Any, Final

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, UserId
from tests.chaos.people.writers import GONE, Ear, Findings
from tests.simulation.languages import Language
from tests.simulation.languages.language import NewMessage, Places
from tests.simulation.languages.meanings import (
    Ended,
    Heard,
    Meaning,
    Ready,
    Refused,
    Resumed,
    Stored,
    TurnedAway,
    UnknownFrame,
)
from tests.simulation.languages.socketio import SocketIo
from tests.support.clients.websocket import Closed, WebSocket, open_websocket

COME_BACK_SECONDS: Final = 0.1
OPEN_SECONDS: Final = 6.0  # after which another hub is tried
RESUME_SECONDS: Final = 15.0
IN_FLIGHT: Final = 20
LOOK_SECONDS: Final = 0.1
TRANSIENT: Final = {"unavailable", "rate_limited", "lookup_failed"}


@frozen
class Person:
    """A user with sessions that every hub accepts. `cookies`: of all of them; `token`: for
    Socket.IO.
    """

    id: UserId
    name: str
    cookies: str
    token: str


@define(eq=False)
class Road:
    """The hub that a device connects to.

    Args:
        ports: of the hubs, by name.
        dice: decide which one is next.
        at: the hub's name.
    """

    ports: Mapping[str, int]
    dice: random.Random
    at: str

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.ports[self.at])

    def move_on(self) -> None:
        """Choose another hub, if there is one."""
        others = [name for name in self.ports if name != self.at]
        self.at = self.dice.choice(others or [self.at])


@define(eq=False)
class Visit:
    """A connection. All times are of the wall clock.

    Args:
        hub: the one that it is at.
        since: when it resumed; from then on it gets what is stored.
        resumed: when it had everything that had been stored before.
        until: when it ended.
    """

    hub: str
    since: float
    resumed: float = inf
    until: float = inf


@define(eq=False)
class Device:
    """Receives one channel, at any hub.

    Args:
        person: its user.
        language: its dialect.
        places: the one channel.
        channel_id: of it.
        road: the way to the hub that it is at.
        findings: get what goes wrong.
        stay: seconds that a connection lasts, on average.

    `heard_at`: when each message came first, in the order of `seq`.
    """

    person: Person
    language: Language
    places: Places
    channel_id: ChannelId
    road: Road
    findings: Findings
    stay: float
    name: str
    ear: Ear = field(init=False)
    heard_at: list[float] = field(factory=list, init=False)
    visits: list[Visit] = field(factory=list, init=False)
    is_calm: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.ear = Ear(self.name, self.findings)

    async def live(self) -> None:
        """Connect again and again until cancelled."""
        while True:
            with suppress(*GONE):
                await self._visit()
            self.road.move_on()
            await trio.sleep(COME_BACK_SECONDS)

    async def _visit(self) -> None:
        with trio.fail_after(OPEN_SECONDS):
            stream = await self.road.connect()
        async with stream:
            with trio.fail_after(OPEN_SECONDS):
                socket = await self._open(stream)
            visit = Visit(self.road.at, inf)
            self.visits.append(visit)
            try:
                with trio.fail_after(RESUME_SECONDS):
                    await self._resume(socket, visit)
                seconds = inf if self.is_calm else self.road.dice.expovariate(1 / self.stay)
                with trio.move_on_after(seconds):
                    await self._use(socket)
            finally:
                visit.until = time.time()

    async def _open(self, stream: trio.SocketStream) -> WebSocket:
        if isinstance(self.language, SocketIo):
            socket = await open_websocket(stream, self.language.path)
            await socket.send_text(f"40{json.dumps({'token': self.person.token})}")
            while not (await socket.receive_text()).startswith("40"):
                pass
            return socket
        path = f"{self.language.path}?resume"
        socket = await open_websocket(stream, path, Cookie=self.person.cookies)
        identify = self.language.identify(self.person.id)
        if identify is not None:
            await socket.send(identify)
            while not isinstance(await self._receive(socket), Ready):
                pass
        return socket

    async def _resume(self, socket: WebSocket, visit: Visit) -> None:
        while True:
            last = {self.channel_id: self.ear.last}
            resume = self.language.resume(self.places, self.person.id, last, {}, 0)
            at = time.time()
            await self._say(socket, resume)
            while not isinstance(meaning := await self._receive(socket), Resumed):
                self.take(meaning)
            if meaning.complete:
                visit.since, visit.resumed = at, time.time()
                return

    async def _use(self, socket: WebSocket) -> None:
        while True:
            self.take(await self._receive(socket))

    async def _say(self, socket: WebSocket, frame: object) -> None:
        if isinstance(self.language, SocketIo):
            await socket.send_text(f"42{json.dumps(frame)}")
        else:
            await socket.send(frame)

    async def _receive(self, socket: WebSocket) -> Meaning:
        """The meaning of the next frame. Raises Closed."""
        while True:
            frame = await self._frame(socket)
            if frame is None:
                continue
            try:
                return self.language.meaning(self.places, self.person.id, frame)
            except UnknownFrame:
                self.findings.refused.append(f"{self.name} does not know {frame}")

    async def _frame(self, socket: WebSocket) -> Any:
        if not isinstance(self.language, SocketIo):
            return await socket.receive()
        text = await socket.receive_text()
        match text[:2]:
            case "2":
                await socket.send_text("3")
            case "41" | "44":
                raise Closed(0, text)
            case "42":
                return json.loads(text[2:])
            case _:
                self.findings.refused.append(f"{self.name} does not know {text}")
        return None

    def take(self, meaning: Meaning) -> None:
        """Take the meaning of a frame. Raises Closed if the device should reconnect."""
        match meaning:
            case Heard(seq=seq, state=state):
                self.hear(seq, state.content)
            case Refused(code=code) if code in TRANSIENT:
                raise Closed(0, "try again")
            case Refused() | TurnedAway() | Ended():
                self.findings.refused.append(f"{self.name}: {meaning}")
            case _:
                pass  # presence and receipts

    def hear(self, seq: int, text: str) -> None:
        """Take a message, which must be the next one."""
        self.ear.hear(seq, text)
        if self.ear.last > len(self.heard_at):
            self.heard_at.append(time.time())


@define(eq=False)
class Sender(Device):
    """A device that also writes. Each text is written once, so it is the key of its message.

    Args:
        pause: seconds between two messages, on average; None: it writes when `write_one` is called.
        repeats: whether it repeats messages that were not acknowledged.

    `hubs`: the hub to which each text was sent last; `unavailable`: how many were refused as such.
    """

    pause: float | None = field(kw_only=True)
    repeats: bool = field(kw_only=True)
    pending: dict[str, None] = field(factory=dict, init=False)
    acknowledged: set[str] = field(factory=set, init=False)
    repeated: set[str] = field(factory=set, init=False)
    hubs: dict[str, str] = field(factory=dict, init=False)
    unavailable: int = field(default=0, init=False)
    _asked: int = field(default=0, init=False)
    _again: list[str] = field(factory=list, init=False)
    _count: int = field(default=0, init=False)

    async def _use(self, socket: WebSocket) -> None:
        with suppress(*GONE):
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write, socket)
                    await super()._use(socket)
            except BaseExceptionGroup as group:
                _, others = group.split((*GONE, trio.Cancelled))
                if others is not None:
                    raise others from None
                await trio.lowlevel.checkpoint_if_cancelled()

    async def _write(self, socket: WebSocket) -> None:
        self._again = list(self.pending) if self.repeats else []
        if not self.repeats:
            self.pending.clear()  # their outcome stays unknown
        while True:
            again, self._again = self._again, []
            for text in again:
                self.repeated.add(text)
                await self._send(socket, text)
            is_wanted = self._asked > 0 if self.pause is None else not self.is_calm
            if is_wanted and len(self.pending) < IN_FLIGHT:
                self._asked -= self.pause is None
                self._count += 1
                text = f"{self.name} {self._count}"
                self.pending[text] = None
                await self._send(socket, text)
            pause = self.pause
            await trio.sleep(
                LOOK_SECONDS if pause is None else self.road.dice.expovariate(1 / pause)
            )

    def write_one(self) -> None:
        """Write one message as soon as it is connected, for a sender without a `pause`."""
        self._asked += 1

    async def _send(self, socket: WebSocket, text: str) -> None:
        self.hubs[text] = self.road.at
        new = NewMessage(self.channel_id, text, text)
        await self._say(socket, self.language.send(self.places, self.person.id, new))

    def take(self, meaning: Meaning) -> None:
        """As every device does. Its own message is the acknowledgement."""
        match meaning:
            case Stored(seq=seq, key=text):
                self.hear(seq, text)
            case Refused(key=str(text), code=code) if code in TRANSIENT and text in self.pending:
                self.unavailable += 1
                if self.repeats:
                    self._again.append(text)
                else:
                    del self.pending[text]
            case _:
                super().take(meaning)

    def hear(self, seq: int, text: str) -> None:
        """Take a message, which may be the confirmation of a repeat."""
        is_repeat = text in self.repeated and seq != self.ear.last + 1
        if not is_repeat:
            super().hear(seq, text)
        if text in self.pending:
            del self.pending[text]
            self.acknowledged.add(text)
            self.findings.last_acknowledged_at = trio.current_time()
