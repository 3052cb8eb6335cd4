"""Socket.IO events come back, at /socket.io/.

Start it with `python -m docs.examples.socketio_echo --port 3000`.

In the namespaces `/` and `/custom`: `auth` with the auth object on connect; `message-back` with the
arguments of `message`; an acknowledgement with those of `message-with-ack`. After `ask-me` the
server emits `question` with the same arguments and sends back the acknowledgement as `answered`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeAlias

import trio
from attrs import define, field

from docs.examples.serving import main
from hub.socketio.server import Acknowledge, SocketIoServer
from hub.socketio.socket import Socket
from protocol.socketio.packets import Data

Question: TypeAlias = tuple[Socket, Sequence[Data]]
Questions: TypeAlias = tuple[trio.MemorySendChannel[Question], trio.MemoryReceiveChannel[Question]]


@define
class Echo:
    auth: dict[Socket, Mapping[str, Data]] = field(factory=dict)
    questions: Questions = field(factory=partial(trio.open_memory_channel, 100))

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        self.auth[socket] = auth
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
        elif name == "ask-me":
            await self.questions[0].send((socket, args))

    async def ask(self) -> None:
        """Ask one after the other; `event` must have ended for an acknowledgement to be read."""
        async for socket, args in self.questions[1]:
            try:
                answer = await socket.emit_and_wait("question", *args, within=1.0)
            except trio.TooSlowError:
                answer = ["too slow"]
            socket.emit("answered", *answer)

    async def disconnected(self, socket: Socket) -> None:
        del self.auth[socket]


if __name__ == "__main__":
    echo = Echo()
    server = SocketIoServer({"/": echo, "/custom": Echo()}, connect_seconds=1.0)
    main("/socket.io/", server.serve, beside=echo.ask)
