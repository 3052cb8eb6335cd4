"""Victims: users who write to each other on every dialect, and a newcomer who makes requests.

Each dialect carries 20 messages a second, within the default limits: two users of a pair write on
`/ws`; on Socket.IO four users do, on `/ws/chat` and `/messagepal` 40, because one connection may
send 5 messages in 5 s there. `/gateway` cannot send; there, members of the channels of `/ws/chat`
listen.
"""

import re
import ssl
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count, cycle
from typing import Final

import trio
from attrs import define, field, frozen

from tests.abuse.people import PASSWORD, Person
from tests.abuse.wire import (
    CHUNK,
    CLOSE,
    HEAD_END,
    PING,
    PONG,
    SOCKETIO,
    FrameReader,
    call,
    connect,
    event,
    frame,
    handshake,
    say,
    upload,
)

MESSAGES_PER_SECOND: Final = 20
DIALECTS: Final = ("/ws", "/ws/chat", "/gateway", "/messagepal", "/socket.io")
PEOPLE: Final[Mapping[str, int]] = {"/ws": 2, "/socket.io": 4, "/ws/chat": 40, "/messagepal": 40}
NEWCOMERS: Final = 3
NEWCOMER_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 20.0
ADDRESS: Final = "127.0.0.1"
_HEARD_ON: Final = {"/ws/chat": ("/ws/chat", "/gateway")}
_MARK: Final = re.compile(rb"mark(\d+)!")


class VictimError(Exception):
    """The victims could not connect."""


@frozen
class Delivery:
    """A message that arrived: when it was sent, on which dialect it came, and after how long."""

    sent: float
    dialect: str
    seconds: float


@frozen
class Asked:
    """A request of a newcomer: what, when, its status (0: no response), and the seconds it took."""

    what: str
    began: float
    status: int
    seconds: float


@define
class Voice:
    """One connection of a victim."""

    dialect: str
    person: Person
    stream: trio.abc.Stream
    reader: FrameReader = field(factory=FrameReader)

    async def say(self, content: str) -> None:
        """Send a message to the peer."""
        me = self.person
        match self.dialect:
            case "/ws":
                said = say({"type": "private_message", "recipient_id": me.peer, "content": content})
            case "/ws/chat":
                said = say({"type": "send_message", "channelId": me.channel, "content": content})
            case "/messagepal":
                said = say({"type": "send_message", "recipientId": me.peer, "content": content})
            case _:
                said = event("message:send", {"channelId": me.dm_uuid, "content": content}, 7)
        await self.stream.send_all(said)

    async def frames(self) -> AsyncIterator[bytes]:
        """The texts that come; pings get their pongs."""
        while data := bytes(await self.stream.receive_some(CHUNK)):
            for opcode, payload in self.reader.take(data):
                if opcode == PING:
                    await self.stream.send_all(frame(payload, PONG))
                elif opcode == CLOSE:
                    return
                elif payload == b"2" and self.dialect == "/socket.io":
                    await self.stream.send_all(frame("3"))
                else:
                    yield payload


_STEPS: Final[Mapping[str, Callable[[Person], Sequence[tuple[bytes, bytes]]]]] = {
    "/ws": lambda _: [(b"", b"Welcome")],
    "/ws/chat": lambda me: [
        (b"", b'"connected"'),
        (say({"type": "join_channel", "channelId": me.channel}), b'"joined_channel"'),
    ],
    "/gateway": lambda me: [(say({"op": "IDENTIFY", "d": {"userId": me.id}}), b'"READY"')],
    "/messagepal": lambda _: [(b"", b'"connected"')],
    "/socket.io": lambda me: [
        (b"", b'0{"sid"'),
        (frame(f'40{{"token":"{me.token}"}}'), b'40{"sid"'),
        (event("channel:join", me.dm_uuid, 3), b"433["),
    ],
}


@define
class Victims:
    """The messages that they have sent and received."""

    port: int
    people: Mapping[str, Sequence[Person]]
    newcomers: Sequence[Person]
    tls: ssl.SSLContext | None = None
    missing: dict[tuple[int, str], float] = field(factory=dict)
    deliveries: list[Delivery] = field(factory=list)
    asked: list[Asked] = field(factory=list)
    refused: Counter[str] = field(factory=Counter)
    cut: int = 0
    _numbers: "count[int]" = field(factory=count)
    _authors: dict[int, int] = field(factory=dict)
    _is_over: bool = False
    _all_heard: trio.Event = field(factory=trio.Event)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """The victims talk while the context is open.

        Raises:
            VictimError: they could not connect.
        """
        async with trio.open_nursery() as nursery:
            voices = defaultdict[str, list[Voice]](list)
            for dialect in DIALECTS:
                for person in self.people["/ws/chat" if dialect == "/gateway" else dialect]:
                    voices[dialect].append(await self._enter(dialect, person))
            for voice in [each for several in voices.values() for each in several]:
                nursery.start_soon(self._listen, voice)
            for dialect in PEOPLE:
                nursery.start_soon(self._talk, voices[dialect])
            yield
            self._is_over = True
            nursery.cancel_scope.cancel()

    async def silence(self) -> int:
        """Stop sending; returns how many messages have not arrived after a while."""
        self._is_over = True
        if self.missing:
            with trio.move_on_after(PATIENCE_SECONDS):
                await self._all_heard.wait()
        return len(self.missing)

    async def _enter(self, dialect: str, person: Person) -> Voice:
        stream = await connect(self.port, ADDRESS, self.tls)
        voice = Voice(dialect, person, stream)
        path = SOCKETIO if dialect == "/socket.io" else dialect
        cookie = person.cookie if dialect == "/ws" else person.chat_cookie
        await stream.send_all(handshake(path, "" if dialect == "/socket.io" else cookie))
        data = b""
        with trio.move_on_after(PATIENCE_SECONDS):
            for said, marker in [(b"", HEAD_END), *_STEPS[dialect](person)]:
                if said:
                    await stream.send_all(said)
                while marker not in data:
                    part = bytes(await stream.receive_some(CHUNK))
                    if not part:
                        raise VictimError(f"{dialect}: {data[-200:]!r}")
                    data += part
            # Bytes after the last marker may end within a frame: from here on they are read as
            # frames.
            list(voice.reader.take(data.partition(HEAD_END)[2]))
            return voice
        raise VictimError(f"{dialect}: no answer, {data[-200:]!r}")

    async def _talk(self, voices: Sequence[Voice]) -> None:
        """The voices send in turn."""
        due = trio.current_time()
        for voice in cycle(voices):
            if self._is_over:
                return
            number = next(self._numbers)
            now = time.perf_counter()
            self._authors[number] = voice.person.id
            for dialect in _HEARD_ON.get(voice.dialect, (voice.dialect,)):
                self.missing[number, dialect] = now
            try:
                await voice.say(f"mark{number}!")
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.cut += 1
            due += 1 / MESSAGES_PER_SECOND
            await trio.sleep_until(due)

    async def _listen(self, voice: Voice) -> None:
        try:
            async for payload in voice.frames():
                found = _MARK.search(payload)
                if found is not None:
                    self._hear(int(found[1]), voice)
                elif b'"error"' in payload:
                    self.refused[payload.decode()[:100]] += 1
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self.cut += 1

    def _hear(self, number: int, voice: Voice) -> None:
        """A message arrived; the author's own copy does not count."""
        key = (number, voice.dialect)
        sent = self.missing.get(key)
        if sent is not None and self._authors[number] != voice.person.id:
            del self.missing[key]
            if self._is_over and not self.missing:
                self._all_heard.set()
            seconds = time.perf_counter() - sent
            self.deliveries.append(Delivery(sent, voice.dialect, seconds))

    # A newcomer.

    async def visit(self, *, has_login: bool) -> None:
        """Make several requests again and again, until cancelled."""
        for person in cycle(self.newcomers):
            await self._ask("page", call("GET", f"/api/messages/{person.peer}", person.cookie))
            await self._ask("Engine.IO", call("GET", "/socket.io/?EIO=4&transport=polling"))
            await self._ask("upload", upload(person.cookie, "a.txt", b"notes", "text/plain"))
            if has_login:
                account = {"email": person.username, "password": PASSWORD}
                await self._ask("login", call("POST", "/api/auth/login", "", account))
            await trio.sleep(NEWCOMER_SECONDS)

    async def _ask(self, what: str, request: bytes) -> None:
        began, status = time.perf_counter(), 0
        with trio.move_on_after(PATIENCE_SECONDS):
            try:
                async with await connect(self.port, ADDRESS, self.tls) as stream:
                    await stream.send_all(request)
                    answer = bytes(await stream.receive_some(CHUNK))
                    status = int(answer[9:12] or 0)
            except (OSError, trio.BrokenResourceError):
                pass
        self.asked.append(Asked(what, began, status, time.perf_counter() - began))
