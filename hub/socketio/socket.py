"""A client in a namespace, as an application sees it.

Guarantees: `emit` never waits; an acknowledgement that is waited for arrives once, or the wait ends
in time. Must not know: what an event means.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count

import trio
from attrs import define, field

from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from protocol.errors import CloseReason
from protocol.socketio.packets import Data, SocketIoPacket, SocketIoType, encode

MAX_AWAITED_ACKS = 1_000


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
    _ack_ids: "count[int]" = field(factory=count, init=False, repr=False)
    _awaited: "dict[int, trio.MemorySendChannel[Sequence[Data]]]" = field(
        factory=dict, init=False, repr=False
    )

    def emit(self, event: str, *args: Data) -> None:
        """Send an event."""
        self.send(SocketIoPacket(SocketIoType.EVENT, self.namespace, [event, *args]))

    async def emit_and_wait(self, event: str, *args: Data, within: float) -> Sequence[Data]:
        """Send an event; returns what the client acknowledges it with. An application's `event`
        must not wait for it: the acknowledgement is read after `event` has ended.

        Raises:
            trio.TooSlowError: none came within so many seconds, or too many are waited for.
        """
        if len(self._awaited) >= MAX_AWAITED_ACKS:
            raise trio.TooSlowError
        number = next(self._ack_ids)
        give, take = trio.open_memory_channel[Sequence[Data]](1)
        self._awaited[number] = give
        try:
            packet = SocketIoPacket(SocketIoType.EVENT, self.namespace, [event, *args], number)
            self.send(packet)
            with trio.fail_after(within):
                return await take.receive()
        finally:
            del self._awaited[number]

    def acknowledged(self, number: int, args: Sequence[Data]) -> None:
        """The client acknowledged an event. The wait for it may be over."""
        give = self._awaited.get(number)
        if give is not None:
            with suppress(trio.WouldBlock):  # acknowledged twice
                give.send_nowait(args)

    def send(self, packet: SocketIoPacket) -> None:
        """Send a packet."""
        self.send_encoded(encode(packet))

    def send_encoded(self, messages: Iterable[str | bytes]) -> None:
        """Send the messages of an encoded packet, which stay together."""
        for message in messages:
            self._connection.queue(message)
        self._connection.flush()

    def queue(self, message: str | bytes) -> None:
        """Send the message of an encoded packet with the next flush."""
        self._connection.queue(message)

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""
        self._connection.flush()

    @property
    def is_behind(self) -> bool:
        """Whether much is queued that the peer has not taken."""
        return self._connection.is_behind

    async def caught_up(self) -> None:
        """Wait until nothing is queued, or the session is over."""
        await self._connection.caught_up()

    def disconnect(self, reason: CloseReason) -> None:
        """End the client's session. A stock client reconnects by itself, unless it got a
        DISCONNECT.
        """
        if not reason.reconnect:
            self.send(SocketIoPacket(SocketIoType.DISCONNECT, self.namespace))
        self._connection.close(reason)
