"""Socket.IO 5 packets (socket.io-protocol, revision 5) over Engine.IO messages.

Guarantees: no input raises anything but `SocketIoError`; at most ten attachments; a placeholder is
replaced only in a packet that announced it, once, and only by an attachment of that packet; an
event name is a string, and none of the reserved ones; what was decoded can be encoded again. Must
not know: namespaces that exist.
"""

import re
from enum import IntEnum
from itertools import chain
from typing import Any, Final, TypeAlias

import orjson
from attrs import field, frozen

MAX_ATTACHMENTS: Final = 10
MAX_DEPTH: Final = 200  # of nested lists and objects; encoders give up at some depth
MAX_NAMESPACE_CHARS: Final = 200
MAX_ACK_ID: Final = 2**53 - 1
RESERVED: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
_HEADER: Final = re.compile(r"([0-6])(?:([0-9]{1,3})-)?(?:(/[^,]*),?)?([0-9]{1,16})?", re.ASCII)
_PLACEHOLDER: Final = "_placeholder"

Data: TypeAlias = object
"""What JSON can hold, and bytes."""


class SocketIoError(Exception):
    """The peer broke the protocol; its session ends."""


class SocketIoType(IntEnum):
    """A packet's first character."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


_EVENTS: Final = (SocketIoType.EVENT, SocketIoType.BINARY_EVENT)
_BINARY: Final = (SocketIoType.BINARY_EVENT, SocketIoType.BINARY_ACK)


@frozen
class SocketIoPacket:
    """One packet. `data` of an event or acknowledgement is a list, which may hold bytes."""

    type: SocketIoType
    namespace: str = "/"
    data: Data = None
    id: int | None = None


def encode(packet: SocketIoPacket) -> list[str | bytes]:
    """A packet as Engine.IO messages: the text, then its attachments.

    Only events and acknowledgements may hold bytes; they become binary packets by themselves.
    """
    attachments: list[bytes] = []

    def placeholder(value: object) -> Data:
        if not isinstance(value, bytes):
            raise TypeError(f"{type(value).__name__} is no data")
        attachments.append(value)
        return {_PLACEHOLDER: True, "num": len(attachments) - 1}

    data = None if packet.data is None else orjson.dumps(packet.data, placeholder).decode()
    kind = packet.type
    if attachments:
        kind = SocketIoType.BINARY_EVENT if kind in _EVENTS else SocketIoType.BINARY_ACK
    parts = [str(kind.value)]
    if attachments:
        parts.append(f"{len(attachments)}-")
    if packet.namespace != "/":
        parts.append(f"{packet.namespace},")
    if packet.id is not None:
        parts.append(str(packet.id))
    if data is not None:
        parts.append(data)
    return ["".join(parts), *attachments]


@frozen
class _Pending:
    """A binary packet whose attachments are still coming."""

    packet: SocketIoPacket
    count: int
    attachments: list[bytes] = field(factory=list)


class Decoder:
    """Turns a session's messages into packets."""

    def __init__(self) -> None:
        self._pending: _Pending | None = None

    def feed(self, message: str | bytes) -> SocketIoPacket | None:
        """The packet that a message completes, or None while attachments are missing.

        Raises:
            SocketIoError: it is malformed or out of place.
        """
        pending = self._pending
        if isinstance(message, bytes):
            if pending is None:
                raise SocketIoError("an attachment without its packet")
            pending.attachments.append(message)
            if len(pending.attachments) < pending.count:
                return None
            self._pending = None
            return _completed(pending)
        if pending is not None:
            raise SocketIoError("a packet instead of an attachment")
        packet, count = _decode(message)
        if count:
            self._pending = _Pending(packet, count)
            return None
        return packet


def _decode(text: str) -> tuple[SocketIoPacket, int]:
    """The packet in a text, and how many attachments follow it."""
    header = _HEADER.match(text)
    if header is None:
        raise SocketIoError("unknown packet type")
    kind = SocketIoType(int(header[1]))
    namespace = header[3] or "/"
    count = 0 if header[2] is None else int(header[2])
    if (kind in _BINARY) != (header[2] is not None) or count > MAX_ATTACHMENTS:
        raise SocketIoError("wrong number of attachments")
    if len(namespace) > MAX_NAMESPACE_CHARS:
        raise SocketIoError("the namespace is too long")
    number = None if header[4] is None else int(header[4])
    if number is not None and number > MAX_ACK_ID:
        raise SocketIoError("the acknowledgement id is too large")
    rest = text[header.end() :]
    packet = SocketIoPacket(kind, namespace, _json(rest) if rest else None, number)
    _check(packet)
    return packet, count


def _json(text: str) -> Data:
    try:
        value: Data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise SocketIoError("invalid JSON") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise SocketIoError("nested too deeply")
    return value


def _is_deep(value: Data) -> bool:
    """Whether data is nested deeper than may be sent on to others."""
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for each in chain.from_iterable(inner) if isinstance(each, dict | list)]
        if not level:
            return False
    return True


def _check(packet: SocketIoPacket) -> None:
    """Refuse data whose shape does not fit the packet's type."""
    data = packet.data
    match packet.type:
        case SocketIoType.CONNECT:
            valid = data is None or isinstance(data, dict)
        case SocketIoType.DISCONNECT:
            valid = data is None
        case SocketIoType.EVENT | SocketIoType.BINARY_EVENT:
            valid = isinstance(data, list) and bool(data) and _is_event_name(data[0])
        case SocketIoType.ACK | SocketIoType.BINARY_ACK:
            valid = isinstance(data, list) and packet.id is not None
        case SocketIoType.CONNECT_ERROR:
            valid = False  # only servers send it
    if not valid:
        raise SocketIoError(f"malformed {packet.type.name}")


def _is_event_name(name: Data) -> bool:
    return isinstance(name, str) and name not in RESERVED


def _completed(pending: _Pending) -> SocketIoPacket:
    """The packet with its attachments in their places."""
    packet = pending.packet
    left = set(range(pending.count))
    holder: list[Data] = [packet.data]
    waiting: list[Any] = [holder]
    while waiting:  # not recursive: JSON may be nested deeper than Python may call
        container = waiting.pop()
        entries = enumerate(container) if isinstance(container, list) else container.items()
        for key, value in list(entries):
            if isinstance(value, dict) and value.get(_PLACEHOLDER) is True:
                number = value.get("num")
                if type(number) is not int or number not in left:
                    raise SocketIoError("a placeholder without an attachment")
                left.remove(number)
                container[key] = pending.attachments[number]
            elif isinstance(value, list | dict):
                waiting.append(value)
    if left:
        raise SocketIoError("an attachment without a placeholder")
    return SocketIoPacket(packet.type, packet.namespace, holder[0], packet.id)
