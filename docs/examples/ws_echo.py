"""Every WebSocket message comes back: `python -m docs.examples.ws_echo --port 9001`, on any path.

A raw echo through the whole connection stack for Autobahn's test suite, with compression, a 16 MiB
limit and no heartbeat.
"""

import argparse
from math import inf

import trio
from starlette.responses import PlainTextResponse

from docs.examples.serving import valid_upgrade
from hub.actor.link import Frames
from hub.http.body import Limits
from hub.limits.pace import Meter, Paces
from hub.sockets.addresses import open_listeners
from hub.sockets.listener import Acceptor, Caps
from hub.sockets.outbox import Outbox
from hub.sockets.transport import Transport
from hub.sockets.websocket import WebSocketConnection, accept
from hub.sockets.websocket_link import WebSocketLink
from protocol.dialect import Heartbeat
from protocol.websocket.compression import Compression, agree, inflate
from protocol.websocket.frames import FrameCutter, binary_frame, text_frame
from protocol.websocket.handshake import request_bytes

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
MAX_HEADER_BYTES = 14
NO_HEARTBEAT = Heartbeat(interval=inf, timeout=inf)


async def serve(
    host: str, port: int, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serve until cancelled. Prints one line when ready; a nursery's `start` gets the port."""

    async def answer(transport: Transport, peer: str, scheme: str) -> None:
        app = PlainTextResponse("Only WebSockets here", 404)
        upgrade = await valid_upgrade(transport, app, Limits(), peer, scheme)
        if upgrade is not None:
            compression = agree(upgrade.head.all(b"sec-websocket-extensions"), threshold=1)
            await accept(request_bytes(upgrade.head), transport, compression)
            await echo(transport, upgrade.trailing, compression)

    listeners = open_listeners(host, port)
    chosen: int = listeners[0].getsockname()[1]
    async with trio.open_nursery() as nursery:
        print(f"listening on {host}:{chosen}", flush=True)
        task_status.started(chosen)
        await Acceptor(answer, Caps(10_000, 10_000)).accept_forever(listeners, nursery)


async def echo(transport: Transport, trailing: bytes, compression: Compression | None) -> None:
    link = WebSocketLink(transport, Outbox(2 * MAX_MESSAGE_BYTES + MAX_HEADER_BYTES), lambda _: b"")
    text, binary = text_frame, binary_frame
    if compression is not None:
        text, binary = compression.text_frame, compression.binary_frame

    async def take(message: str | bytes) -> None:
        if isinstance(message, str):
            link.offer(Frames(text(message.encode())))
        else:
            link.offer(Frames(binary(message)))
        await link.caught_up()

    cutter = FrameCutter(MAX_MESSAGE_BYTES, None if compression is None else inflate)
    connection = WebSocketConnection(transport, link, trailing, cutter, Meter(Paces().of(None)))
    await connection.serve(NO_HEARTBEAT, take)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001)
    options = parser.parse_args()
    trio.run(serve, options.host, options.port)
