"""A WebSocket client for tests that shows every frame, and can misbehave on purpose."""

import json
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, Self

import trio
from attrs import define, field

from tests.support.clients.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    client_frame,
    server_frames,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 1.3, for that key
BARRIER = b"everything before this"


class Refused(AssertionError):
    """The response to the upgrade was an HTTP error."""

    def __init__(self, status: int, text: str, head: str = "") -> None:
        self.status = status
        self.text = text
        self.head = head
        super().__init__(f"{status} {text}")


class Closed(AssertionError):
    """The server closed; `code` is 1006 when it sent no close frame."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}")


def upgrade_request(path: str = "/ws", **headers: str) -> bytes:
    """An upgrade request; keywords add or replace headers (underscores become dashes)."""
    fields = {
        "Host": "parlour.test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def kind_of_frame(message: str | bytes) -> str:
    """The type of a JSON frame, in the field where its dialect has it."""
    frame = json.loads(message)
    return str(next(frame[name] for name in ("type", "t", "op") if name in frame))


async def at_once() -> None:
    """For a connection to a server of which nothing shows when it has sent everything."""
    await trio.lowlevel.checkpoint()


@define(eq=False)
class WebSocket:
    """An open connection. What it received is kept until the test reads it; anything unread when
    the connection or its world ends fails the test, unless `ignoring` names its kind.

    Args:
        stream: the connection.
        received: the bytes that came with the response to the handshake.
        kind: names the kind of a message.
        settled: waits until the server has sent all that it sends unprompted.
        flaw_of: how a message differs from the documentation; None: it does not.
        name: the connection's name in failures.
        agreed: whether compression was negotiated.
    """

    stream: trio.abc.Stream
    _received: bytes = b""
    kind: Callable[[str | bytes], str] = kind_of_frame
    settled: Callable[[], Awaitable[None]] = at_once
    flaw_of: Callable[[str | bytes], str | None] = field(default=lambda _: None)
    name: str = "a connection"
    agreed: bool = False
    answers_pings: bool = field(default=True, init=False)
    pings: int = field(default=0, init=False)
    end: Closed | None = field(default=None, init=False)
    flaws: list[str] = field(factory=list, init=False)
    _ignored: set[str] = field(factory=set, init=False)
    _unread: list[str | bytes] = field(factory=list, init=False)

    def ignoring(self, *kinds: str) -> Self:
        """From now on, messages of these kinds need not be read, and are not shown."""
        self._ignored.update(kinds)
        self._unread = [message for message in self._unread if self.kind(message) not in kinds]
        return self

    async def send(self, frame: object) -> None:
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        await self.stream.send_all(client_frame(TEXT, text.encode()))

    async def take(self, wanted: Callable[[str | bytes], bool]) -> str | bytes:
        """The next message that is wanted; earlier ones are kept. Raises Closed."""
        index = 0
        while True:
            if index == len(self._unread):
                self._unread.append(await self._message())
            if wanted(self._unread[index]):
                return self._unread.pop(index)
            index += 1

    async def receive_text(self) -> str:
        """The next message, which must be text. Raises Closed."""
        message = await self.take(lambda _: True)
        assert isinstance(message, str), message
        return message

    async def receive(self) -> Any:
        """The next JSON frame. Raises Closed."""
        return json.loads(await self.receive_text())

    async def ask(self, frame: object) -> Any:
        """Send a JSON frame; returns the next one that arrives. Raises Closed."""
        await self.send(frame)
        return await self.receive()

    async def receive_type(self, kind: str) -> Any:
        """The next JSON frame, which must be of that type."""
        frame = await self.receive()
        assert self.kind(json.dumps(frame)) == kind, frame
        return frame

    async def expect(self, *kinds: str) -> Any:
        """The next JSON frame of one of these types; earlier ones are kept."""
        return json.loads(await self.take(lambda message: self.kind(message) in kinds))

    async def until_closed(self) -> tuple[list[Any], Closed]:
        """The remaining frames, and the end."""
        frames: list[Any] = []
        try:
            while True:
                frames.append(await self.receive())
        except Closed as end:
            await self.settled()
            return frames, end

    async def closed(self) -> Closed:
        """The close, before which nothing else comes."""
        try:
            message = await self.take(lambda _: True)
        except Closed as end:
            await self.settled()
            return end
        raise AssertionError(f"this came instead of the end: {message!r}")

    async def everything(self) -> list[str | bytes]:
        """All that has come by now, once the server has sent everything."""
        await self._collect()
        found, self._unread = self._unread, []
        return found

    async def past(self, *kinds: str) -> Self:
        """Drop messages of these kinds that have come by now."""
        await self._collect()
        self._unread = [message for message in self._unread if self.kind(message) not in kinds]
        return self

    async def is_silent(self, *, besides: Collection[str] = ()) -> None:
        """Assert that nothing unread has come, except messages of the kinds `besides`."""
        await self._collect()
        self.assert_read(besides=besides)

    async def _collect(self) -> None:
        await self.settled()
        for _ in range(2):  # a PONG overtakes what waits to be written, the next one does not
            await self._send_control(PING, BARRIER)
            while (frame := await self._frame()) != (PONG, BARRIER):
                if (message := await self._read(*frame)) is not None:
                    self._unread.append(message)

    async def close_in_silence(self, *, besides: Collection[str] = ()) -> None:
        """Close; anything unread must be of the kinds `besides`."""
        await self.is_silent(besides=besides)
        self._unread.clear()
        await self._send_control(CLOSE, (1000).to_bytes(2, "big"))
        end = await self.closed()
        assert end.code == 1000, end
        await self.stream.aclose()

    async def drop(self, *, besides: Collection[str] = ()) -> None:
        """Break the connection; anything unread must be of the kinds `besides`."""
        await self.is_silent(besides=besides)
        self.end = Closed(1006, "dropped")
        await self.stream.aclose()
        await self.settled()

    def assert_read(self, *, besides: Collection[str] = ()) -> None:
        """Assert that everything that was received was read, except the kinds `besides`."""
        unexpected = [message for message in self._unread if self.kind(message) not in besides]
        assert not unexpected, f"this was not read: {unexpected}"

    async def _message(self) -> str | bytes:
        while True:
            message = await self._read(*await self._frame())
            if message is not None:
                return message

    async def _read(self, opcode: int, payload: bytes) -> str | bytes | None:
        """A frame's message for the test, if it has one. Raises Closed."""
        if opcode == PING:
            self.pings += 1
            if self.answers_pings:
                await self._send_control(PONG, payload)
        if opcode == CLOSE:
            await self._answer_close(payload)
        if opcode not in {TEXT, BINARY}:
            return None
        message = payload.decode() if opcode == TEXT else payload
        if (flaw := self.flaw_of(message)) is not None:
            self.flaws.append(f"{self.name}: {flaw}: {message!r}")
        return None if self._ignored and self.kind(message) in self._ignored else message

    async def _frame(self) -> tuple[int, bytes]:
        while True:
            frame, rest = first_frame(self._received, agreed=self.agreed)
            if frame is not None:
                self._received = rest
                return frame
            try:
                data = await self.stream.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                self.end = Closed(1006, "")
                raise self.end
            self._received += data

    async def _answer_close(self, payload: bytes) -> None:
        self.end = Closed(int.from_bytes(payload[:2], "big"), payload[2:].decode())
        await self._send_control(CLOSE, payload)
        raise self.end

    async def _send_control(self, opcode: int, payload: bytes) -> None:
        with suppress(trio.BrokenResourceError):  # the server has gone; the next read shows it
            await self.stream.send_all(client_frame(opcode, payload))


def first_frame(data: bytes, *, agreed: bool = False) -> tuple[tuple[int, bytes] | None, bytes]:
    if len(data) < 2:
        return None, data
    size, at = data[1] & 0x7F, 2
    if size == 126:
        size, at = int.from_bytes(data[2:4], "big"), 4
    elif size == 127:
        size, at = int.from_bytes(data[2:10], "big"), 10
    if len(data) < at + size:
        return None, data
    (frame,) = server_frames(data[: at + size], agreed=agreed)
    return frame, data[at + size :]


async def unread(sockets: Iterable[WebSocket]) -> list[str]:
    """The unread messages of each connection that has any."""
    found: list[str] = []
    for socket in sockets:
        try:
            if socket.end is None:
                await socket.is_silent()
            else:
                socket.assert_read()
        except AssertionError as error:
            found.append(f"{socket.name}: {error}")
    return found


async def open_websocket(
    stream: trio.abc.Stream, path: str = "/ws", trailing: bytes = b"", **headers: str
) -> WebSocket:
    """Perform the handshake. `trailing` is sent in the same segment. Raises Refused."""
    await stream.send_all(upgrade_request(path, **headers) + trailing)
    data = b""
    while b"\r\n\r\n" not in data:
        received = bytes(await stream.receive_some())
        if not received:
            raise Refused(0, "closed without a response")
        data += received
    head, _, rest = data.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    if status != 101:
        while received := bytes(await stream.receive_some()):
            rest += received
        await stream.aclose()
        raise Refused(status, rest.decode(), head.decode("latin-1"))
    assert f"sec-websocket-accept: {ACCEPT}".encode().lower() in head.lower()
    return WebSocket(stream, rest, agreed=b"\r\nsec-websocket-extensions:" in head.lower())
