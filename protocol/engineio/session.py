"""One Engine.IO session over any carrier: its queue, its packets, the upgrade.

Guarantees: packets leave in the order they were queued, by one carrier at a time; polling delivers
until the upgrade is complete; what is queued is bounded. Must not know: sockets, requests, time.
"""

from collections import deque
from enum import Enum, auto
from typing import Final, TypeAlias

import orjson
from attrs import frozen

from protocol.engineio.packets import EngineError, Packet, PacketType, encode_packet

PROBE: Final = "probe"
MAX_QUEUED_BYTES: Final = 1_048_576


class Carrier(Enum):
    """What carries a session now."""

    POLLING = "polling"
    WEBSOCKET = "websocket"


@frozen
class EngineSettings:
    """What the server announces in the handshake. Times are in seconds, sizes in bytes.
    `max_message`: of one message; a payload may have several. It is not announced.
    """

    ping_interval: float = 25.0
    ping_timeout: float = 20.0
    max_payload: int = 1_000_000
    max_message: int = 65_536
    upgrade_timeout: float = 10.0


@frozen
class Received:
    """A message."""

    data: str | bytes


@frozen
class Ponged:
    """The client sent a pong."""


@frozen
class PeerClosed:
    """The peer ends the session."""


Input: TypeAlias = Received | Ponged | PeerClosed


class _Upgrade(Enum):
    NONE = auto()
    PROBED = auto()


class EngineSession:
    """The state of one session.

    Args:
        sid: its id, which cannot be guessed.
        carrier: what it was opened with.
        settings: the server's.
    """

    def __init__(self, sid: str, carrier: Carrier, settings: EngineSettings) -> None:
        self.sid = sid
        self.carrier = carrier
        self._settings = settings
        self._upgrade = _Upgrade.NONE
        self._queue: deque[Packet] = deque()
        self._size = 0
        self.queue(self._open())

    def _open(self) -> Packet:
        upgrades = ["websocket"] if self.carrier is Carrier.POLLING else []
        handshake = {
            "sid": self.sid,
            "upgrades": upgrades,
            "pingInterval": round(self._settings.ping_interval * 1000),
            "pingTimeout": round(self._settings.ping_timeout * 1000),
            "maxPayload": self._settings.max_payload,
        }
        return Packet(PacketType.OPEN, orjson.dumps(handshake).decode())

    @property
    def has_queued(self) -> bool:
        """Whether there is anything to deliver."""
        return bool(self._queue)

    @property
    def queued_bytes(self) -> int:
        """How much is queued."""
        return self._size

    @property
    def is_full(self) -> bool:
        """Whether more is queued than a session may hold back."""
        return self._size > MAX_QUEUED_BYTES

    @property
    def is_half_full(self) -> bool:
        """Whether ephemeral packets should no longer be queued."""
        return self._size > MAX_QUEUED_BYTES // 2

    def queue(self, packet: Packet) -> None:
        """Deliver a packet after those that are queued."""
        self._queue.append(packet)
        self._size += len(packet.data) + 1

    def take(self) -> list[Packet]:
        """Everything that is queued, for a WebSocket."""
        packets = list(self._queue)
        self._queue.clear()
        self._size = 0
        return packets

    def take_payload(self) -> list[Packet]:
        """What fits in one polling response: at most `max_payload` bytes, but at least a packet."""
        packets: list[Packet] = []
        size = 0
        while self._queue:
            size += len(encode_packet(self._queue[0]).encode()) + 1
            if packets and size > self._settings.max_payload:
                break
            packet = self._queue.popleft()
            self._size -= len(packet.data) + 1
            packets.append(packet)
        return packets

    def receive(self, packet: Packet) -> Input:
        """What a packet from the current carrier means.

        Raises:
            EngineError: a packet that only a server sends, or one out of place.
        """
        match packet:
            case Packet(type=PacketType.MESSAGE, data=data):
                return Received(data)
            case Packet(type=PacketType.PONG):
                return Ponged()
            case Packet(type=PacketType.CLOSE):
                return PeerClosed()
            case _:
                raise EngineError(f"packet {packet.type.name} out of place")

    def receive_on_new_websocket(self, packet: Packet) -> Packet | None:
        """A packet on a WebSocket that wants to carry the session from now on.

        Returns:
            The reply to a probe, or None when the upgrade is complete: then `carrier` has changed.

        Raises:
            EngineError: another packet, or out of place; the session stays with its carrier.
        """
        if self.carrier is not Carrier.POLLING:
            raise EngineError("already upgraded")
        match packet:
            case Packet(type=PacketType.PING, data="probe") if self._upgrade is _Upgrade.NONE:
                self._upgrade = _Upgrade.PROBED
                return Packet(PacketType.PONG, PROBE)
            case Packet(type=PacketType.UPGRADE) if self._upgrade is _Upgrade.PROBED:
                self.carrier = Carrier.WEBSOCKET
                return None
            case _:
                raise EngineError(f"packet {packet.type.name} during an upgrade")

    @property
    def is_probed(self) -> bool:
        """Whether an upgrade is under way."""
        return self._upgrade is _Upgrade.PROBED and self.carrier is Carrier.POLLING

    def cancel_upgrade(self) -> None:
        """The WebSocket of the upgrade is gone; another one may try."""
        self._upgrade = _Upgrade.NONE
