"""The server, assembled: the nursery tree and the order of starting and stopping.

Guarantees: it starts from the outside in, waits for its database, and reports that it is ready once
everything runs. It stops from the inside out: for `drain_seconds` it announces the stop, and moves
its clients to other nodes where there are any; then, within `shutdown_timeout` seconds, nothing new
is accepted, what was accepted is finished and acknowledged, every client is closed with 1001, then
services and store end. SIGHUP reloads settings and ends nothing.

    store > services > connections > acceptor

Must not know: the command line, the environment.
"""

import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from functools import partial
from time import monotonic_ns
from typing import Final, assert_never

import structlog
import trio
from attrs import define, field, frozen

import hub.rest.routes
import protocol.dialects
from hub.actor.goodbye import hand_over, say_goodbye, seconds_to_return
from hub.admin.relayed import follow_siblings
from hub.admin.socket import MODE as ADMIN_MODE
from hub.admin.socket import open_admin_socket, serve_operators
from hub.admission import Admission
from hub.assembly import Services, open_services
from hub.cluster.siblings import ALONE, Siblings
from hub.engineio.forwarding.listener import accept_forwarded
from hub.engineio.server import EngineServer
from hub.files.opening import open_files
from hub.files.store import FilesUnavailable
from hub.garbage import collecting_little
from hub.http.server import Rules
from hub.monitoring.listener import open_monitoring
from hub.reloading import Reloading, caps_of
from hub.rest.app import (
    build_admin_app,
    build_app,
    build_monitoring_app,
    build_sibling_app,
    discover,
    larger_bodies,
)
from hub.rest.routes import health
from hub.settings.config import Config
from hub.settings.log_tap import tap
from hub.settings.redaction import revealed
from hub.settings.setting import ConfigError
from hub.socketio.mount import PATH, open_internal, open_socketio
from hub.sockets.addresses import listening, listening_at, url_of
from hub.sockets.inherited import host_of
from hub.sockets.listener import Acceptor
from hub.sockets.tls import server_context
from hub.starting import Waiting, open_patiently
from hub.supervision.supervisor import Supervisor, extension
from hub.supervision.watchdog import Watchdog
from hub.supervision.worker import (
    CLOSE_PORT,
    LEAVE,
    LEAVING,
    Leaving,
    WorkerPlace,
    read_totals,
    taken,
    until_parent_ends,
)
from hub.tracing.tracing import Tracing, open_tracing
from persistence import open_express_sessions, open_hub_store, run_beside
from persistence.bus import Bus
from persistence.embedded import STOP_SECONDS, run_embedded
from persistence.interface import ForeignSessions, Store
from persistence.postgres.database.statements import StatementWatch
from protocol.discovery import find_dialects

log = structlog.get_logger(__name__)

PROBES: Final = health.ENDPOINTS
BALANCER_SECONDS: Final = 2.0  # in which a load balancer notices that the hub is leaving
RETURN_SECONDS: Final = 10.0  # in which closed clients have reconnected to another node
_OF_PARENT: Final = (CLOSE_PORT, LEAVE)
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *_OF_PARENT)
SPARE_SECONDS: Final = 5.0
"""What a stop may take in addition to the steps that have a limit of their own."""


@frozen
class Server:
    """A running server. `url` is where it listens, `reloading` changes its settings,
    `stop_accepting` closes the port; open connections go on.
    """

    services: Services
    admission: Admission
    url: str
    reloading: Reloading
    stop_accepting: Callable[[], None]


@asynccontextmanager
async def open_server(  # noqa: PLR0913  what a server is made of
    config: Config,
    listeners: Sequence[socket.socket],
    store: Store,
    foreign_sessions: ForeignSessions | None = None,
    *,
    bus: Bus | None = None,
    tracing: Tracing | None = None,
    host: str | None = None,
    is_demo: bool = False,
    siblings: Siblings = ALONE,
    monitors: Sequence[socket.socket] = (),
) -> AsyncIterator[Server]:
    """Serve `store` until the context is left, then stop in good order.

    Args:
        config: the settings.
        listeners: where connections arrive (`open_listeners`); closed when the context is left.
        store: the log.
        foreign_sessions: the logins of an Express application on the same users.
        bus: carries bulletins to other nodes; None: there are none.
        tracing: makes spans; None: there are none.
        host: where `listeners` listen, if it is not the host of the settings.
        is_demo: whether a link may sign a browser in.
        siblings: the other workers of the same parent.
        monitors: sockets that serve the metrics; closed when the context is left.
    """
    dialects = find_dialects(protocol.dialects)
    async with (
        open_files(config) as files,
        open_internal(config, bus) as internal,
        open_services(
            config,
            store,
            files,
            foreign_sessions=foreign_sessions,
            tracing=tracing,
            bus=bus,
            siblings=siblings,
            node=internal.node,
        ) as services,
        open_socketio(services, dialects.by_namespace) as socketio,
        trio.open_nursery() as connections,
    ):
        if config.uploads is not None:  # the data folder is checked when the database is opened
            with suppress(FilesUnavailable), files.availability.noting():  # it may come back
                await files.check()
        engines = {PATH: socketio}
        claims = discover(hub.rest.routes)
        app = build_app(services, engines, claims, dialects, is_demo=is_demo)
        bodies = larger_bodies(claims, config)
        admission = Admission(services, app, dialects.by_path, engines, bodies)
        acceptor = Acceptor(
            admission.serve, caps_of(config), server_context(config), services.visitors
        )
        reloading = Reloading(services, acceptor, config)
        async with open_monitoring(
            services,
            acceptor,
            lambda: reloading.certificate_end,
            socketio.forwarder,
            build_monitoring_app(services, [each for each in claims if each.endpoint in PROBES]),
            monitors,
        ):
            async with trio.open_nursery() as acceptors:
                accepting = trio.CancelScope()

                async def accept() -> None:
                    with accepting:
                        await acceptor.accept_forever(listeners, connections)

                acceptors.start_soon(accept)
                connections.start_soon(
                    accept_forwarded,
                    socketio.forwarder,
                    internal.listeners,
                    admission.serve,
                    acceptor.caps.total,
                    connections,
                )
                acceptors.start_soon(files.watch)
                scheme = "http" if config.tls_cert is None else "https"
                url = services.status.url = url_of(scheme, host or config.host, listeners)
                yield Server(services, admission, url, reloading, accepting.cancel)
                services.status.accepting = False
                tap.end()
                acceptors.cancel_scope.cancel()
            await _stop(services, admission, socketio, reloading.config.shutdown_timeout)
            connections.cancel_scope.cancel()  # only idle kept-alive connections are left


def stop_seconds(config: Config) -> float:
    """How long a stop takes at most: the drain, what was accepted, and Postgres."""
    return config.drain_seconds + config.shutdown_timeout + STOP_SECONDS + SPARE_SECONDS


async def serve(
    config: Config,
    on_ready: Callable[[Server], Awaitable[None]],
    *,
    is_demo: bool = False,
    read_again: Callable[[], Config] | None = None,
    supervisor: Supervisor = Supervisor(),  # noqa: B008  a value
    given: Sequence[socket.socket] = (),
    place: WorkerPlace | None = None,
) -> None:
    """Run a server until SIGINT or SIGTERM, then stop in good order; a second signal cuts it short.

    The port is bound before the database is opened and perhaps migrated: a second hub on the same
    port fails at the port and changes nothing.

    Args:
        config: the settings.
        on_ready: called once, when connections are accepted.
        is_demo: whether a link may sign a browser in.
        read_again: reads the settings again, on SIGHUP.
        supervisor: gets the state of the server.
        given: sockets to listen on instead of those of the settings.
        place: of a worker, whose parent has opened its sockets and runs Postgres.

    Raises:
        OSError: the port cannot be bound.
        ConfigError: the certificate, or the file store, cannot be used.
    """
    tls = server_context(config)
    statements = StatementWatch()
    statements.warn_from(config.slow_statement)
    with (
        trio.open_signal_receiver(*_SIGNALS) as signals,
        _listening(config, given if place is None else taken(place.port)) as listeners,
        _monitored(config, place) as monitors,
    ):
        async with trio.open_nursery() as nursery:
            orders = _Orders(config, read_again, supervisor, nursery.cancel_scope, place)
            nursery.start_soon(orders.obey, signals)
            if place is not None:
                nursery.start_soon(orders.follow_parent)
            watchdog = Watchdog(supervisor)
            nursery.start_soon(watchdog.feed)
            waiting = Waiting([(listeners, tls), (monitors, None)], supervisor.notify, nursery)
            async with AsyncExitStack() as stack:
                tracing = await stack.enter_async_context(open_tracing(config.traces))
                statements.open_span = None if tracing is None else tracing.statement
                store, bus, foreign = await _open_stores(
                    config, stack, waiting.begin, statements, place
                )
                open_it = partial(
                    open_server,
                    config,
                    listeners,
                    store,
                    foreign,
                    bus=bus,
                    tracing=tracing,
                    host=host_of(given[0]) if given else None,
                    is_demo=is_demo,
                    siblings=ALONE if place is None else place.siblings,
                    monitors=monitors,
                )
                with trio.CancelScope() as orders.scope:
                    async with AsyncExitStack() as serving:
                        server = await open_patiently(
                            serving, _name_of(config), open_it, waiting.begin
                        )
                        waiting.end()
                        server.reloading.warn_from = statements.warn_from
                        await serving.enter_async_context(_open_admin(config, server, place))
                        metrics = server.services.metrics
                        serving.enter_context(collecting_little(metrics.collected))
                        nursery.start_soon(metrics.watch_loop)
                        await on_ready(server)
                        log.info("ready", url=server.url)
                        orders.server = server
                        supervisor.notify(f"READY=1\nSTATUS=Ready at {server.url}")
                        watchdog.hub = server.services.hub
                        await orders.until_stopping()
                        await _drain(server, orders)
            log.info("stopped")
            nursery.cancel_scope.cancel()


def _monitored(
    config: Config, worker: WorkerPlace | None
) -> AbstractContextManager[Sequence[socket.socket]]:
    """The sockets that serve the metrics beside the port, if there are any."""
    if worker is not None:
        return nullcontext(taken(worker.metrics))
    place = config.metrics_listen
    return nullcontext(()) if place is None else listening(place.host, place.port)


@contextmanager
def _listening(config: Config, given: Sequence[socket.socket]) -> Iterator[Sequence[socket.socket]]:
    """The sockets that were given, else those of the settings; closed on exit."""
    with ExitStack() as stack:
        for each in given:
            stack.enter_context(each)
        yield given or stack.enter_context(listening(config.host, config.port))


@define
class _Orders:
    """Acts on the signals that the process gets.

    Args:
        config: the settings at the start.
        read_again: reads the settings.
        supervisor: gets the state of the server.
        scope: is cancelled where the server has to end at once.
        place: of a worker.
    """

    config: Config
    read_again: Callable[[], Config] | None
    supervisor: Supervisor
    scope: trio.CancelScope
    place: WorkerPlace | None
    server: Server | None = None
    leaving: Leaving = Leaving.AT_ONCE
    _stop: trio.Event = field(factory=trio.Event, init=False)

    async def obey(self, signals: AsyncIterator[int]) -> None:
        """Act on signals until cancelled."""
        async for number in signals:
            if number == signal.SIGHUP:
                self._reload()
            elif number in _OF_PARENT and (self.place is None or self.server is None):
                log.warning("no_rolling_restart", reason="the hub has no parent")
            elif number == CLOSE_PORT and self.server is not None:
                self.server.stop_accepting()
            elif self._stop.is_set():
                log.warning("stop_cut_short")
                self.scope.cancel()
            else:
                config = self.config if self.server is None else self.server.reloading.config
                self.supervisor.notify(f"STOPPING=1\n{extension(stop_seconds(config))}")
                self.leaving = LEAVING[number]
                self._stop.set()
                if self.server is None:
                    self.scope.cancel()

    async def follow_parent(self) -> None:
        """Stop when the parent of this worker has ended: Postgres has ended with it."""
        await until_parent_ends()
        log.error("parent_ended")
        self._stop.set()
        self.scope.cancel()

    async def until_stopping(self) -> None:
        """Return when the server is to stop."""
        await self._stop.wait()

    def _reload(self) -> None:
        if self.server is None or self.read_again is None:
            log.warning("settings_not_reloaded", reason="the hub is not ready")
            return
        self.supervisor.notify(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1_000}")
        try:
            self.server.reloading.apply(self.read_again())
        except ConfigError as error:
            log.error("settings_not_reloaded", reason=str(error))  # noqa: TRY400  the text says all
        except Exception:
            log.exception("settings_not_reloaded")
        self.supervisor.notify("READY=1")


@asynccontextmanager
async def _open_admin(
    config: Config, server: Server, place: WorkerPlace | None
) -> AsyncIterator[None]:
    """Serve the admin socket in the data folder; for a worker also that for the other workers."""
    app = build_admin_app(server.services, discover(hub.rest.routes))
    if place is None:
        async with open_admin_socket(config.data_dir, app, Rules()):
            yield
        return
    own_app = build_sibling_app(server.services, discover(hub.rest.routes))
    server.services.metrics.shown = partial(read_totals, place.totals_path)
    with listening_at(place.socket_path, ADMIN_MODE) as own, ExitStack() as stack:
        shared = [stack.enter_context(each) for each in taken(place.admin)]
        async with serve_operators(shared, app, Rules()), serve_operators([own], own_app, Rules()):
            await follow_siblings(place.siblings, server.services.status)
            yield


async def _open_stores(
    config: Config,
    stack: AsyncExitStack,
    note: Callable[[str], None],
    statements: StatementWatch,
    place: WorkerPlace | None,
) -> tuple[Store, Bus | None, ForeignSessions | None]:
    """Open the database with its bus, and that of the Express application; wait for both."""
    open_own = partial(
        open_hub_store,
        revealed(config.database_url),
        config.data_dir,
        pool_size=config.db_pool,
        lanes=config.db_lanes,
        wait_seconds=config.takeover_wait,
        bus_url=revealed(config.bus),
        require_sync_standby=config.require_sync_standby,
        run_server=run_embedded if place is None else run_beside,
        watch=statements,
    )
    store, bus = await open_patiently(stack, _name_of(config), open_own, note)
    url = config.express_sessions_url
    if url is None:
        return store, bus, None
    open_foreign = partial(
        open_express_sessions, url.reveal(), config.express_sessions_table, statements
    )
    return store, bus, await open_patiently(stack, str(url), open_foreign, note)


def _name_of(config: Config) -> str:
    """What logs call the database."""
    return str(config.database_url or config.data_dir)


async def _drain(server: Server, orders: _Orders) -> None:
    """Announce that no new connections should come, and go on for a while; where there are other
    nodes, move the clients there meanwhile.
    """
    config, services = server.reloading.config, server.services
    services.status.is_leaving = True
    match orders.leaving:
        case Leaving.AT_ONCE:
            pass
        case Leaving.TO_SUCCESSOR:
            # the successor takes new connections: nothing waits for the end of this worker
            seconds = max(config.drain_seconds, seconds_to_return(services.hub))
            await _hand_over(server, seconds)
        case Leaving.AFTER_DRAIN if config.drain_seconds:
            log.info("draining", seconds=config.drain_seconds)
            noticed = min(BALANCER_SECONDS, config.drain_seconds / 2)
            await trio.sleep(noticed)
            if _others_live(services, orders.place):
                await _hand_over(server, config.drain_seconds - noticed)
            else:
                await trio.sleep(config.drain_seconds - noticed)
        case Leaving.AFTER_DRAIN:
            pass
        case _:
            assert_never(orders.leaving)
    tap.end()  # before the admin socket is closed
    log.info("stopping", within_seconds=config.shutdown_timeout)


def _others_live(services: Services, place: WorkerPlace | None) -> bool:
    """Whether there are other nodes than this one and those that stop with it."""
    if services.cluster is None:
        return False
    prefix = None if place is None else place.prefix
    others = services.cluster.others()
    return any(prefix is None or not name.startswith(prefix) for name in others)


async def _hand_over(server: Server, seconds: float) -> None:
    """Move the clients to other nodes, which count them as online all the time."""
    services = server.services
    log.info("handing_over", connections=len(services.hub.clients()))
    server.stop_accepting()
    services.from_elsewhere.hand_over()
    if services.cluster is not None:
        services.cluster.goodbye_seconds = RETURN_SECONDS
    await hand_over(services.hub, seconds)


async def _stop(
    services: Services, admission: Admission, socketio: EngineServer, within: float
) -> None:
    """Finish what was accepted, close every client, and wait until all have ended or time is up."""
    with trio.move_on_after(within) as deadline:
        await services.messaging.drain()
        await say_goodbye(services.hub, within / 2)
        socketio.close_all()  # sessions that joined no namespace, which the Hub does not know
        await admission.drain()
    if deadline.cancelled_caught:
        log.warning("stop_timed_out", seconds=within)
