"""WebSocket framing (RFC 6455 section 5), server side: received bytes <-> messages.

Guarantees: complete messages come out in the order they arrived, whatever the chunking; sizes are
counted in bytes and bounded while fragments are still coming in; text is valid UTF-8; control
frames come out whole, between messages, for the connection object to reply to. After a violation no
more frames are read. Must not know: sockets, the handshake, how messages are compressed, what one
means.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import frozen
from websockets.speedups import apply_mask

from protocol.errors import (
    FRAME_TOO_BIG,
    INVALID_UTF8,
    PROTOCOL_ERROR,
    CloseReason,
)

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_FINAL: Final = 0x80
_MASKED: Final = 0x80
_COMPRESSED: Final = 0x40  # RSV1 (RFC 7692 section 6)
_RESERVED_BITS: Final = 0x70
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
_MAX_CONTROL_BYTES: Final = 125
_MAX_FRAGMENTS: Final = 100_000  # conformance suites send 65,537

PING_FRAME: Final = bytes((_FINAL | PING, 0))


@frozen
class ControlFrame:
    """A valid ping, pong or close frame."""

    opcode: int
    payload: bytes


Inbound: TypeAlias = str | bytes | ControlFrame | CloseReason
"""A text message, a binary message, a control frame, or (always last) why to close."""


Inflate: TypeAlias = Callable[[bytes, int], bytes | CloseReason]
"""(Compressed message, the most bytes it may have) -> the message, or why to close."""


class FrameCutter:
    """Cuts one peer's byte stream into messages.

    Args:
        max_bytes: the longest message accepted, all fragments together, before and after it is
            inflated.
        inflate: undoes the compression that was agreed on, if one was.
    """

    __slots__ = (
        "_failed",
        "_fragments",
        "_inflate",
        "_is_compressed",
        "_kind",
        "_max_bytes",
        "_message",
        "_need",
        "_rest",
    )

    def __init__(self, max_bytes: int, inflate: Inflate | None = None) -> None:
        self._max_bytes = max_bytes
        self._inflate = inflate
        self._is_compressed = False  # the fragmented message that is under way
        self._rest = bytearray()  # an incomplete frame
        self._need = 2  # bytes of it that must be there before looking again
        self._kind = CONTINUATION  # opcode of the fragmented message that is under way
        self._message = bytearray()
        self._fragments = 0
        self._failed = False

    def feed(self, data: bytes) -> list[Inbound]:  # noqa: C901, PLR0912  every byte passes here: one loop, few calls
        """Messages and control frames that `data` completed, in order; none after a violation."""
        if self._failed:
            return []
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        items: list[Inbound] = []
        item: Inbound | None
        at = 0
        end = len(data)
        need = 2
        while end - at >= 2:
            first, second = data[at], data[at + 1]
            length = second & ~_MASKED
            body = at + 6
            if length >= _LENGTH_16:
                body += 2 if length == _LENGTH_16 else 8
                if end < body - 4:
                    need = body - 4 - at
                    break
                length = int.from_bytes(data[at + 2 : body - 4])
            fault = self._fault(first, second, length)
            if fault is not None:
                self._failed = True
                items.append(fault)
                return items
            after = body + length
            if end < after:
                need = after - at
                break
            payload = apply_mask(data[body:after], data[body - 4 : body])
            if first & 0x08:
                item = _control(first & 0x0F, payload)
            else:
                item = self._message_part(first, payload)
            at = after
            if item is None:
                continue
            items.append(item)
            if type(item) is CloseReason:
                self._failed = True
                return items
        if at < end:
            self._rest += data[at:]
            self._need = need
        return items

    def _fault(self, first: int, second: int, length: int) -> CloseReason | None:
        """The violation that a header alone shows, if any (RFC 6455 sections 5.2 to 5.5)."""
        opcode = first & 0x0F
        if first & _RESERVED_BITS and not self._may_be_compressed(first):
            return PROTOCOL_ERROR
        if not second & _MASKED:
            return PROTOCOL_ERROR
        if opcode & 0x08:
            valid = opcode <= PONG and first & _FINAL and length <= _MAX_CONTROL_BYTES
            return None if valid else PROTOCOL_ERROR
        expected = opcode == CONTINUATION if self._kind else opcode in (TEXT, BINARY)
        code = second & ~_MASKED
        shortest = {_LENGTH_16: _LENGTH_16, _LENGTH_64: 1 << 16}.get(code, 0)
        if not expected or length < shortest or length >> 63:
            return PROTOCOL_ERROR
        too_big = len(self._message) + length > self._max_bytes
        return FRAME_TOO_BIG if too_big or self._fragments >= _MAX_FRAGMENTS else None

    def _may_be_compressed(self, first: int) -> bool:
        """Whether compression was agreed, and this is the first frame of a message with its bit
        set.
        """
        is_first = first & 0x0F in (TEXT, BINARY)
        return self._inflate is not None and first & _RESERVED_BITS == _COMPRESSED and is_first

    def _message_part(self, first: int, payload: bytes) -> str | bytes | CloseReason | None:
        """The message that a data frame completes, if it does."""
        kind = self._kind or first & 0x0F
        is_compressed = self._is_compressed or first & _COMPRESSED
        if not first & _FINAL:
            self._kind = kind
            self._is_compressed = bool(is_compressed)
            self._message += payload
            self._fragments += 1
            return None
        if self._kind:
            payload = bytes(self._message + payload)
            self._kind = CONTINUATION
            self._is_compressed = False
            self._message = bytearray()
            self._fragments = 0
        if is_compressed and self._inflate is not None:
            inflated = self._inflate(payload, self._max_bytes)
            if isinstance(inflated, CloseReason):
                return inflated
            payload = inflated
        if kind == BINARY:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError:
            return INVALID_UTF8


def _control(opcode: int, payload: bytes) -> ControlFrame | CloseReason:
    if opcode == CLOSE and payload:
        if len(payload) < 2 or not _may_be_sent(int.from_bytes(payload[:2])):
            return PROTOCOL_ERROR
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            return INVALID_UTF8
    return ControlFrame(opcode, payload)


def _may_be_sent(code: int) -> bool:
    """Close codes a peer may put on the wire (RFC 6455 section 7.4)."""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def text_frame(payload: bytes) -> bytes:
    """A final, unmasked text frame (server to client)."""
    return _header(TEXT, len(payload)) + payload


def binary_frame(payload: bytes) -> bytes:
    """A final, unmasked binary frame (server to client)."""
    return _header(BINARY, len(payload)) + payload


def compressed_frame(opcode: int, payload: bytes) -> bytes:
    """A final, unmasked data frame (server to client) whose payload is compressed."""
    return _header(_COMPRESSED | opcode, len(payload)) + payload


def close_frame(reason: CloseReason) -> bytes:
    """A close frame with the reason's code and text."""
    payload = reason.code.to_bytes(2) + reason.text.encode()[: _MAX_CONTROL_BYTES - 2]
    return _header(CLOSE, len(payload)) + payload


def close_answer(payload: bytes) -> bytes:
    """The reply to a close frame with this payload: the same code."""
    return _header(CLOSE, len(payload[:2])) + payload[:2]


def pong_frame(payload: bytes) -> bytes:
    """The reply to a ping with this payload."""
    return _header(PONG, len(payload)) + payload


def _header(opcode: int, length: int) -> bytes:
    first = _FINAL | opcode
    if length < _LENGTH_16:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, _LENGTH_16)) + length.to_bytes(2)
    return bytes((first, _LENGTH_64)) + length.to_bytes(8)
