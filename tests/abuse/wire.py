"""The bytes that attackers and victims send, made once, and raw connections for them.

Both sides are cheap on purpose: a client that does little for each byte shows the load of the hub.
"""

import re
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Final

import orjson
import trio

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
CONTINUATION: Final = 0x0
CHUNK: Final = 262_144
BIND_ADDRESS_NO_PORT: Final = 24  # Linux: the port is chosen for the pair of addresses
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
CONNECT_SECONDS: Final = 10.0
CUT: Final = "cut"
HEAD_END: Final = b"\r\n\r\n"
SOCKETIO: Final = "/socket.io/?EIO=4&transport=websocket"
POLLING: Final = "/socket.io/?EIO=4&transport=polling"
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3})")
_STATUS_TAIL: Final = 11  # bytes of a status line that may be cut
_CLOSED: Final = re.compile(rb"\x88([\x02-\x7d])(..)", re.DOTALL)


def frame(payload: bytes | str, opcode: int = TEXT, *, final: bool = True, rsv1: int = 0) -> bytes:
    """A frame with a mask of zeros."""
    data = payload.encode() if isinstance(payload, str) else payload
    size = len(data)
    first = bytes(((0x80 if final else 0) | (0x40 if rsv1 else 0) | opcode,))
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 65_536:
        length = b"\xfe" + size.to_bytes(2)
    else:
        length = b"\xff" + size.to_bytes(8)
    return first + length + bytes(4) + data


def say(content: object) -> bytes:
    """A text frame of JSON."""
    return frame(orjson.dumps(content))


def event(name: str, content: object, ack: int | None = None) -> bytes:
    """A text frame of a Socket.IO event."""
    number = "" if ack is None else str(ack)
    return frame(b"42" + number.encode() + orjson.dumps([name, content]))


def request(
    method: str, path: str, cookie: str = "", body: bytes = b"", *more: str, length: int = -1
) -> bytes:
    """An HTTP request. `length`: a false Content-Length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *more]
    if cookie:
        lines.append(cookie)
    if body or length >= 0 or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def call(method: str, path: str, cookie: str = "", body: object = None) -> bytes:
    """An HTTP request with JSON."""
    data = b"" if body is None else orjson.dumps(body)
    return request(method, path, cookie, data, "Content-Type: application/json")


def upload(cookie: str, name: str, content: bytes, kind: str) -> bytes:
    """A request that uploads a file."""
    body = (
        b'--limit\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
        b"Content-Type: %s\r\n\r\n%s\r\n--limit--\r\n" % (name.encode(), kind.encode(), content)
    )
    kind = "Content-Type: multipart/form-data; boundary=limit"
    return request("POST", "/api/upload", cookie, body, kind)


def handshake(path: str, *headers: str) -> bytes:
    """The request that opens a WebSocket."""
    lines = [
        f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *(each for each in headers if each), "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


async def connect(
    port: int, address: str, tls: ssl.SSLContext | None = None, receive_buffer: int = 0
) -> trio.abc.Stream:
    """A connection from an address of this machine (all of 127/8 are).

    Raises:
        OSError: it is refused, or takes too long.
    """
    sock = trio.socket.socket()
    try:
        sock.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await sock.bind((address, 0))
        with trio.move_on_after(CONNECT_SECONDS) as deadline:
            await sock.connect(("127.0.0.1", port))
    except BaseException:
        sock.close()
        raise
    if deadline.cancelled_caught:
        sock.close()
        raise OSError("not accepted in time")
    stream = trio.SocketStream(sock)
    if tls is None:
        return stream
    secured = trio.SSLStream(stream, tls, server_hostname="localhost", https_compatible=True)
    await secured.do_handshake()
    return secured


class Statuses:
    """Counts the statuses of the responses in received bytes."""

    def __init__(self, answers: Counter[str]) -> None:
        self._answers = answers
        self._tail = b""

    def take(self, data: bytes) -> int:
        """Take more bytes; returns how many responses began."""
        data = self._tail + data
        found = _STATUS.findall(data)
        self._answers.update(each.decode() for each in found)
        self._tail = data[-_STATUS_TAIL:]
        return len(found)


class Ending:
    """Remembers how a WebSocket ended, from the last bytes that were received."""

    def __init__(self) -> None:
        self._last = b""

    def take(self, data: bytes) -> None:
        """Take more bytes."""
        self._last = data[-200:] if len(data) >= 200 else (self._last + data)[-200:]

    @property
    def name(self) -> str:
        """The close code, or that there was none."""
        for found in reversed(list(_CLOSED.finditer(self._last))):
            if found.end() - 2 + found[1][0] == len(self._last):
                return f"close {int.from_bytes(found[2])}"
        return CUT


class FrameReader:
    """Splits the bytes of a server into frames, which have no mask."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take more bytes; yields each frame's opcode and payload."""
        self._data += data
        while len(self._data) >= 2:
            size, at = self._data[1] & 0x7F, 2
            if size >= 126:
                at = 4 if size == 126 else 10
                if len(self._data) < at:
                    return
                size = int.from_bytes(self._data[2:at])
            if len(self._data) < at + size:
                return
            opcode, payload = self._data[0] & 0xF, bytes(self._data[at : at + size])
            del self._data[: at + size]
            yield opcode, payload


def raise_descriptors() -> None:
    """Allow as many open sockets as the system permits."""
    import resource  # noqa: PLC0415  POSIX only

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
