"""A WebSocket client for tests that shows every frame, and can misbehave on purpose."""

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import trio
from attrs import define, field

from tests.support.clients.frames import CLOSE, PING, PONG, TEXT, client_frame, server_frames

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 1.3, for that key
BARRIER = b"everything before this"


class Refused(AssertionError):
    """The upgrade was answered with an HTTP error."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
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


@define
class WebSocket:
    """An open connection."""

    stream: trio.abc.Stream
    _received: bytes = b""
    answers_pings: bool = field(default=True)
    pings: int = field(default=0, init=False)

    async def send(self, frame: object) -> None:
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        await self.stream.send_all(client_frame(TEXT, text.encode()))

    async def receive(self) -> Any:
        """The next JSON frame. Raises Closed."""
        return json.loads(await self.receive_text())

    async def receive_text(self) -> str:
        """The next text frame. Raises Closed."""
        while True:
            opcode, payload = await self._frame()
            if opcode == TEXT:
                return payload.decode()
            if opcode == PING:
                self.pings += 1
                if self.answers_pings:
                    await self.stream.send_all(client_frame(PONG, payload))
            if opcode == CLOSE:
                await self._answer_close(payload)

    async def receive_type(self, kind: str) -> Any:
        """The next JSON frame, which must be of that type."""
        frame = await self.receive()
        assert frame["type"] == kind, frame
        return frame

    async def until_closed(self) -> tuple[list[Any], Closed]:
        """The remaining frames, and the end."""
        frames: list[Any] = []
        try:
            while True:
                frames.append(await self.receive())
        except Closed as end:
            return frames, end

    async def closed(self) -> Closed:
        """Wait for the end, past whatever comes before it."""
        return (await self.until_closed())[1]

    async def is_silent(self, *, besides: Collection[str] = ()) -> None:
        """Assert that nothing more has come than frames of the types `besides`.

        A ping is answered in turn, so what the server queued before it is read.
        """
        await self.stream.send_all(client_frame(PING, BARRIER))
        frames: list[Any] = []
        while (frame := await self._frame()) != (PONG, BARRIER):
            opcode, payload = frame
            if opcode == CLOSE:
                await self._answer_close(payload)
            if opcode == TEXT:
                frames.append(json.loads(payload))
        _assert_only(besides, frames)

    async def close_in_silence(self, *, besides: Collection[str] = ()) -> None:
        """Close; what was not read yet must be of the types `besides`."""
        _assert_only(besides, await self._close())

    async def close(self) -> None:
        """Close, whatever was not read yet."""
        await self._close()

    async def _close(self) -> list[Any]:
        """Close politely and wait for the server's close frame; returns what came before it."""
        await self.stream.send_all(client_frame(CLOSE, (1000).to_bytes(2, "big")))
        frames, end = await self.until_closed()
        assert end.code == 1000, end
        await self.stream.aclose()
        return frames

    async def _frame(self) -> tuple[int, bytes]:
        while True:
            frame, rest = first_frame(self._received)
            if frame is not None:
                self._received = rest
                return frame
            try:
                data = await self.stream.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                raise Closed(1006, "")
            self._received += data

    async def _answer_close(self, payload: bytes) -> None:
        with suppress(trio.BrokenResourceError):  # the server need not wait for it
            await self.stream.send_all(client_frame(CLOSE, payload))
        raise Closed(int.from_bytes(payload[:2], "big"), payload[2:].decode())


def _assert_only(types: Collection[str], frames: Sequence[Any]) -> None:
    unexpected = [frame for frame in frames if frame["type"] not in types]
    assert not unexpected, unexpected


def first_frame(data: bytes) -> tuple[tuple[int, bytes] | None, bytes]:
    if len(data) < 2:
        return None, data
    size, at = data[1] & 0x7F, 2
    if size == 126:
        size, at = int.from_bytes(data[2:4], "big"), 4
    elif size == 127:
        size, at = int.from_bytes(data[2:10], "big"), 10
    if len(data) < at + size:
        return None, data
    (frame,) = server_frames(data[: at + size])
    return frame, data[at + size :]


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
        raise Refused(status, rest.decode())
    assert f"sec-websocket-accept: {ACCEPT}".encode().lower() in head.lower()
    return WebSocket(stream, rest)


async def next_of(socket: WebSocket, *kinds: str) -> Any:
    """The next frame of one of these kinds, past all others."""
    while (frame := await socket.receive())["type"] not in kinds:
        pass
    return frame
