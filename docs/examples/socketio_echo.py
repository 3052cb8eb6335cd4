"""Socket.IO events come back, at /socket.io/.

Start it with `python -m docs.examples.socketio_echo --port 3000`.

In the namespaces `/` and `/custom`: `auth` with the auth object on connect; `message-back` with the
arguments of `message`; an acknowledgement with those of `message-with-ack`.
"""

from collections.abc import Mapping, Sequence

from attrs import define, field

from docs.examples.serving import arguments, run
from hub.limits.pace import Paces
from hub.socketio.server import Acknowledge, SocketIoServer
from hub.socketio.socket import Socket
from protocol.socketio.packets import Data


@define
class Echo:
    auth: dict[Socket, Mapping[str, Data]] = field(factory=dict)

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        self.auth[socket] = auth
        socket.belongs_to(Paces().of(None))
        return {}

    async def connected(self, socket: Socket) -> None:
        socket.emit("auth", self.auth[socket])

    async def event(
        self, socket: Socket, name: str, args: Sequence[Data], acknowledge: Acknowledge | None
    ) -> None:
        if name == "message":
            socket.emit("message-back", *args)
        elif name == "message-with-ack" and acknowledge is not None:
            acknowledge(args)

    async def disconnected(self, socket: Socket) -> None:
        del self.auth[socket]


if __name__ == "__main__":
    given = arguments()
    namespaces = {"/": Echo(), "/custom": Echo()}
    server = SocketIoServer(namespaces, connect_seconds=given.connect_timeout)
    run("/socket.io/", server.serve, given)
