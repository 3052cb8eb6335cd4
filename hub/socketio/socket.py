"""A client in a namespace, as an application sees it.

Guarantees: `emit` never waits. Must not know: what an event means.
"""

from attrs import define, field

from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from hub.limits.pace import Pace
from protocol.engineio.session import Carrier
from protocol.errors import CloseReason
from protocol.model import UserId
from protocol.socketio.packets import Data, SocketIoPacket, SocketIoType, encode


@define(eq=False)
class Socket:
    """One client in one namespace.

    Args:
        id: unique, and not the Engine.IO session's id, which is a secret.
        namespace: where it is.
        opening: the request that opened its session.
        connection: the session.
    """

    id: str
    namespace: str
    opening: Opening = field(repr=False)
    _connection: EngineConnection = field(repr=False)

    def belongs_to(self, pace: Pace, user_id: UserId | None = None) -> None:
        """A user has signed in: their pace applies from now on, and log lines name the user."""
        self._connection.belongs_to(pace, user_id)

    def emit(self, event: str, *args: Data) -> None:
        """Send an event."""
        self.send(SocketIoPacket(SocketIoType.EVENT, self.namespace, [event, *args]))

    def send(self, packet: SocketIoPacket) -> None:
        """Send a packet; the messages that it is encoded as stay together."""
        for message in encode(packet):
            self._connection.queue(message)
        self._connection.flush()

    def queue_event(self, event: str, *args: Data) -> None:
        """Send an event with the next flush."""
        packet = SocketIoPacket(SocketIoType.EVENT, self.namespace, [event, *args])
        for message in encode(packet):
            self._connection.queue(message)

    def queue(self, message: str | bytes) -> None:
        """Send the message of an encoded packet with the next flush."""
        self._connection.queue(message)

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""
        self._connection.flush()

    @property
    def carrier(self) -> Carrier:
        """What carries its session now."""
        return self._connection.session.carrier

    @property
    def waiting_bytes(self) -> int:
        """How much is queued that the peer has not taken."""
        return self._connection.waiting_bytes

    @property
    def is_behind(self) -> bool:
        """Whether much is queued that the peer has not taken."""
        return self._connection.is_behind

    async def caught_up(self) -> None:
        """Wait until nothing is queued, or the session is over."""
        await self._connection.caught_up()

    async def received(self) -> bool:
        """Wait until the peer has received all that is queued now; returns whether it has."""
        return await self._connection.received()

    def disconnect(self, reason: CloseReason) -> None:
        """End the client's session. A stock client reconnects by itself, unless it got a
        DISCONNECT.
        """
        if not reason.reconnect:
            self.send(SocketIoPacket(SocketIoType.DISCONNECT, self.namespace))
        self._connection.close(reason)
