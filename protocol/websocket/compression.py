"""Compressed messages: the WebSocket extension permessage-deflate (RFC 7692).

Guarantees: every message is compressed by itself, in both directions, so that what is sent is
compressed once for all connections that take it, and an idle connection holds no window; a message
is inflated up to a bound and no further.
Must not know: sockets, the other headers of a handshake, what a message says.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from protocol.errors import FRAME_TOO_BIG, INVALID_COMPRESSION, CloseReason
from protocol.websocket.frames import BINARY, TEXT, binary_frame, compressed_frame, text_frame

_NAME: Final = "permessage-deflate"
_TAIL: Final = b"\x00\x00\xff\xff"  # ends every message, and is not sent (section 7.2.1)
_ENDS: Final = (_TAIL, b"\x00" + _TAIL)  # what may follow a final block (section 7.2.3.4)
_LEVEL: Final = 6
_MEMORY_LEVEL: Final = 5  # of 9: enough for the window
_LARGEST_WINDOW_BITS: Final = 12  # 4 KiB; messages are hardly longer
_SMALLEST_WINDOW_BITS: Final = 9  # zlib cannot write a smaller window
_INFLATE_WINDOW_BITS: Final = 15  # a peer may use any

_BITS: Final = re.compile("[89]|1[0-5]")
_ANY_BITS: Final = re.compile("|[89]|1[0-5]")
_NO_VALUE: Final = re.compile("")
_PARAMETERS: Final = {
    "server_no_context_takeover": _NO_VALUE,
    "client_no_context_takeover": _NO_VALUE,
    "server_max_window_bits": _BITS,
    "client_max_window_bits": _ANY_BITS,
}
"""The parameters that an offer may have, and the values of each (section 7.1)."""


@frozen
class Compression:
    """What was agreed with some peers, and how their messages are compressed.

    Args:
        threshold: shorter messages are sent as they are, in bytes.
        window_bits: the base-2 logarithm of the window, 9 to 12.
        is_window_agreed: whether the peer set the window.
    """

    threshold: int
    window_bits: int = _LARGEST_WINDOW_BITS
    is_window_agreed: bool = False

    @property
    def header(self) -> tuple[bytes, bytes]:
        """The header that accepts the extension, in the response to the handshake."""
        agreed = [_NAME, "server_no_context_takeover", "client_no_context_takeover"]
        if self.is_window_agreed:
            agreed.append(f"server_max_window_bits={self.window_bits}")
        return b"Sec-WebSocket-Extensions", "; ".join(agreed).encode()

    def text_frame(self, payload: bytes) -> bytes:
        """A text frame, compressed if that makes it shorter."""
        data = self._deflated(payload)
        return text_frame(payload) if data is None else compressed_frame(TEXT, data)

    def binary_frame(self, payload: bytes) -> bytes:
        """A binary frame, compressed if that makes it shorter."""
        data = self._deflated(payload)
        return binary_frame(payload) if data is None else compressed_frame(BINARY, data)

    def _deflated(self, payload: bytes) -> bytes | None:
        if len(payload) < self.threshold:
            return None
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -self.window_bits, _MEMORY_LEVEL)
        data = deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH)
        return data.removesuffix(_TAIL) if len(data) < len(payload) else None


def agree(offers: Sequence[bytes], threshold: int) -> Compression | None:
    """What to agree on, or None to go without compression.

    Args:
        offers: the values of each `Sec-WebSocket-Extensions` header, the most wanted offer first.
        threshold: see `Compression`; 0 agrees to nothing.
    """
    for offer in b",".join(offers).decode("latin-1").split(",") if threshold else ():
        parameters = _parameters(offer)
        if parameters is None:
            continue
        wanted = int(parameters.get("server_max_window_bits", _LARGEST_WINDOW_BITS))
        if wanted >= _SMALLEST_WINDOW_BITS:
            bits = min(wanted, _LARGEST_WINDOW_BITS)
            return Compression(threshold, bits, "server_max_window_bits" in parameters)
    return None


def _parameters(offer: str) -> Mapping[str, str] | None:
    """The parameters of an offer; None if it is of another extension, or not valid."""
    name, *rest = (part.strip() for part in offer.split(";"))
    if name != _NAME:
        return None
    found: dict[str, str] = {}
    for parameter in rest:
        key, equals, value = (part.strip() for part in parameter.partition("="))
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        allowed = _PARAMETERS.get(key)
        if (
            allowed is None
            or key in found
            or not allowed.fullmatch(value)
            or (equals and not value)
        ):
            return None
        found[key] = value
    return found


def inflate(data: bytes, max_bytes: int) -> bytes | CloseReason:
    """A message as it was before its peer compressed it.

    Args:
        data: its payload.
        max_bytes: the longest message; a longer one is not inflated further.
    """
    stream = zlib.decompressobj(-_INFLATE_WINDOW_BITS)
    try:
        message = stream.decompress(data + _TAIL, max_bytes + 1)
    except zlib.error:
        return INVALID_COMPRESSION
    if len(message) > max_bytes:
        return FRAME_TOO_BIG
    if stream.eof and stream.unused_data not in _ENDS:
        return INVALID_COMPRESSION
    return message
