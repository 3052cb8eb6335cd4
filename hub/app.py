"""The server, assembled: the nursery tree and the order of starting and stopping.

Guarantees: it starts from the outside in and announces itself once everything is ready; it stops
from the inside out within `shutdown_timeout` seconds: nothing new is accepted, what was accepted is
finished and acknowledged, every client is closed with 1001, then services and store end.

    store > services > connections > acceptor

Must not know: the command line, the environment.
"""

import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import structlog
import trio
from attrs import frozen

import hub.rest.routes
import protocol.dialects
from hub.actor.letters import CloseAll
from hub.admission import Admission
from hub.assembly import Services, open_services
from hub.engineio.server import EngineServer
from hub.garbage import collecting_little
from hub.rest.app import build_app, discover, larger_bodies
from hub.settings.config import Config
from hub.settings.redaction import revealed
from hub.socketio.mount import PATH, open_socketio
from hub.sockets.listener import Acceptor, Caps, open_listener, raise_file_limit
from persistence import open_express_sessions, open_store
from persistence.interface import ForeignSessions, Store
from protocol.discovery import find_dialects
from protocol.errors import GOING_AWAY

log = structlog.get_logger(__name__)


@frozen
class Server:
    """A running server. `url` is where it listens."""

    services: Services
    admission: Admission
    url: str


@asynccontextmanager
async def open_server(
    config: Config,
    listener: socket.socket,
    store: Store,
    foreign_sessions: ForeignSessions | None = None,
    *,
    is_demo: bool = False,
) -> AsyncIterator[Server]:
    """Serve `store` until the context is left, then stop in good order.

    Args:
        config: the settings.
        listener: where connections arrive (`open_listener`); closed when the context is left.
        store: the log.
        foreign_sessions: the logins of an Express application on the same users.
        is_demo: whether a link may sign a browser in.
    """
    dialects = find_dialects(protocol.dialects)
    with listener:
        async with (
            open_services(config, store, foreign_sessions=foreign_sessions) as services,
            open_socketio(services, dialects.by_namespace) as socketio,
            trio.open_nursery() as connections,
        ):
            engines = {PATH: socketio}
            claims = discover(hub.rest.routes)
            app = build_app(services, engines, claims, dialects, is_demo=is_demo)
            bodies = larger_bodies(claims, config)
            admission = Admission(services, app, dialects.by_path, engines, bodies)
            caps = Caps(config.max_connections, config.max_connections_per_address)
            acceptor = Acceptor(
                admission.serve,
                caps.within(raise_file_limit()),
                _tls_context(config),
                services.visitors,
            )
            async with trio.open_nursery() as acceptors:
                acceptors.start_soon(acceptor.accept_forever, listener, connections)
                scheme = "http" if config.tls_cert is None else "https"
                port = listener.getsockname()[1]
                yield Server(services, admission, f"{scheme}://{config.host}:{port}")
                services.status.accepting = False
                acceptors.cancel_scope.cancel()
            await _stop(services, admission, socketio, config.shutdown_timeout)
            connections.cancel_scope.cancel()  # only idle kept-alive connections are left


async def serve(
    config: Config, on_ready: Callable[[Server], Awaitable[None]], *, is_demo: bool = False
) -> None:
    """Run a server until SIGINT or SIGTERM, then stop in good order; a second signal cuts it short.

    The port is bound before the database is opened, which may migrate it: a second hub on the same
    port ends there and touches nothing. Clients that connect meanwhile wait until the hub is ready.

    Args:
        config: the settings.
        on_ready: called once, when connections are accepted.
        is_demo: whether a link may sign a browser in.

    Raises:
        OSError: the port cannot be bound.
    """
    with (
        trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals,
        open_listener(config.host, config.port) as listener,
    ):
        async with (
            open_store(
                revealed(config.database_url),
                config.data_dir,
                pool_size=config.db_pool,
                lanes=config.db_lanes,
            ) as store,
            _foreign_sessions(config) as foreign_sessions,
            trio.open_nursery() as nursery,
        ):
            async with open_server(
                config, listener, store, foreign_sessions, is_demo=is_demo
            ) as server:
                with collecting_little(server.services.metrics.collected):
                    nursery.start_soon(server.services.metrics.watch_loop)
                    await on_ready(server)
                    log.info("ready", url=server.url)
                    await anext(signals)
                    log.info("stopping", within_seconds=config.shutdown_timeout)
                    nursery.start_soon(_cut_short, signals, nursery.cancel_scope)
            log.info("stopped")
            nursery.cancel_scope.cancel()


def _foreign_sessions(config: Config) -> AbstractAsyncContextManager[ForeignSessions | None]:
    url = revealed(config.express_sessions_url)
    if url is None:
        return nullcontext()
    return open_express_sessions(url, config.express_sessions_table)


async def _stop(
    services: Services, admission: Admission, socketio: EngineServer, within: float
) -> None:
    """Finish what was accepted, close every client, and wait until all have ended or time is up."""
    with trio.move_on_after(within) as deadline:
        await services.messaging.drain()
        goodbye = CloseAll(GOING_AWAY)
        await services.hub.post(goodbye)
        await goodbye.done.wait()
        socketio.close_all()  # sessions that joined no namespace, which the Hub does not know
        await admission.drain()
    if deadline.cancelled_caught:
        log.warning("stop_timed_out", seconds=within)


async def _cut_short(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    await anext(signals)
    log.warning("stop_cut_short")
    scope.cancel()


def _tls_context(config: Config) -> ssl.SSLContext | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_cert, config.tls_key)
    context.set_alpn_protocols(["http/1.1"])
    return context
