"""What the echo programs share: one EngineServer on one port, open to every page."""

import argparse
from functools import partial

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.engineio.server import EngineServer, Handler
from hub.http.body import Limits
from hub.http.responses import HttpError, undecided_error
from hub.http.server import Rules, Upgrade, serve_http_connection
from hub.sockets.addresses import open_listeners
from hub.sockets.listener import Acceptor, Caps
from hub.sockets.transport import Transport
from protocol.engineio.session import EngineSettings
from protocol.websocket.handshake import HandshakeError, check_upgrade

PING_SECONDS = 0.3
PING_TIMEOUT_SECONDS = 0.2  # as the protocols' own test suites expect
MAX_PAYLOAD_BYTES = 1_000_000


async def serve(
    path: str, handler: Handler, settings: EngineSettings, host: str, port: int
) -> None:
    """Serve until cancelled. Prints one line when ready."""
    server = EngineServer(settings, handler, lambda _: True)
    app = Starlette(
        routes=[Route(path, server.answer, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"])],
        exception_handlers={HttpError: refused},
    )
    limits = Limits(larger_bodies={path: settings.max_payload})

    async def answer(transport: Transport, peer: str, scheme: str) -> None:
        upgrade = await valid_upgrade(transport, app, limits, peer, scheme)
        if upgrade is None:
            return
        if upgrade.head.path == path:
            await server.upgrade(transport, upgrade)
        else:
            await upgrade.refuse(transport, 404, "Not found")

    listeners = open_listeners(host, port)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        acceptor = Acceptor(answer, Caps(10_000, 10_000))
        print(f"listening on {host}:{listeners[0].getsockname()[1]}", flush=True)
        await acceptor.accept_forever(listeners, nursery)


async def refused(_: Request, error: Exception) -> Response:
    """The response to a body that is too large or too slow."""
    assert isinstance(error, HttpError)
    return undecided_error(error)


async def valid_upgrade(
    transport: Transport, app: ASGIApp, limits: Limits, peer: str, scheme: str
) -> Upgrade | None:
    """Serve requests until one asks for a WebSocket in the right way; None: none did."""
    upgrade = await serve_http_connection(
        transport, app=app, rules=Rules(limits), peer=peer, scheme=scheme
    )
    if upgrade is None:
        return None
    try:
        check_upgrade(upgrade.head)
    except HandshakeError as error:
        await upgrade.refuse(transport, error.status, error.text, error.headers)
        return None
    return upgrade


def arguments() -> argparse.Namespace:
    """The command line of an echo program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--ping-timeout", type=float, default=PING_TIMEOUT_SECONDS)
    parser.add_argument(
        "--connect-timeout", type=float, default=1.0, help="Socket.IO: to join a namespace"
    )
    return parser.parse_args()


def run(path: str, handler: Handler, given: argparse.Namespace) -> None:
    """Serve until the program is stopped."""
    settings = EngineSettings(
        ping_interval=PING_SECONDS,
        ping_timeout=given.ping_timeout,
        max_payload=MAX_PAYLOAD_BYTES,
        max_message=MAX_PAYLOAD_BYTES,
    )
    trio.run(partial(serve, path, handler, settings, given.host, given.port))
