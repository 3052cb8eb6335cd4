"""What the echo programs share: one EngineServer on one port, open to every page."""

import argparse
from functools import partial

import trio
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.engineio.server import EngineServer, Handler
from hub.http.server import Limits, Upgrade, send_plain_response, serve_http_connection
from hub.sockets.listener import Acceptor, Caps, open_listener
from hub.sockets.transport import Transport
from protocol.engineio.session import EngineSettings
from protocol.websocket.handshake import HandshakeError, check_upgrade

SETTINGS = EngineSettings(ping_interval=0.3, ping_timeout=0.2, max_payload=1_000_000)


async def serve(path: str, handler: Handler, host: str, port: int) -> None:
    """Serve until cancelled. Prints one line when ready."""
    server = EngineServer(SETTINGS, handler, lambda _: True)
    app = Starlette(
        routes=[Route(path, server.answer, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"])]
    )
    limits = Limits(larger_bodies={path: SETTINGS.max_payload})

    async def answer(transport: Transport, peer: str, scheme: str) -> None:
        upgrade = await valid_upgrade(transport, app, limits, peer, scheme)
        if upgrade is None:
            return
        if upgrade.head.path == path:
            await server.upgrade(transport, upgrade.head, upgrade.trailing)
        else:
            await send_plain_response(transport, 404, "Not found")

    listener = open_listener(host, port)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        acceptor = Acceptor(answer, Caps(10_000, 10_000))
        print(f"listening on {host}:{listener.getsockname()[1]}", flush=True)
        await acceptor.accept_forever(listener, nursery)


async def valid_upgrade(
    transport: Transport, app: ASGIApp, limits: Limits, peer: str, scheme: str
) -> Upgrade | None:
    """Serve requests until one asks for a WebSocket in the right way; None: none did."""
    upgrade = await serve_http_connection(
        transport, app=app, limits=limits, peer=peer, scheme=scheme
    )
    if upgrade is None:
        return None
    try:
        check_upgrade(upgrade.head)
    except HandshakeError as error:
        await send_plain_response(transport, error.status, error.text, error.headers)
        return None
    return upgrade


def main(path: str, handler: Handler) -> None:
    """The command line of an echo program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    options = parser.parse_args()
    trio.run(partial(serve, path, handler, options.host, options.port))
