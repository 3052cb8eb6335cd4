"""The figures of a hub, and a port that serves them to every client that can reach it.

Guarantees: only the metrics and the calls of `app` are served there: no WebSocket, no web page; it
goes on until the hub has stopped. Must not know: what is counted.
"""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import trio
from starlette.types import ASGIApp

from hub.assembly import Services
from hub.engineio.forwarding.forwarder import Forwarder
from hub.http.body import Limits
from hub.http.hosts import Hosts, machine_domains
from hub.http.server import Rules, serve_http_connection
from hub.monitoring.disk import Disk
from hub.monitoring.figures import Figures
from hub.sockets.listener import Acceptor, Caps
from hub.sockets.transport import Transport

CAPS: Final = Caps(64, 64)


@asynccontextmanager
async def open_monitoring(
    services: Services,
    acceptor: Acceptor,
    certificate_end: Callable[[], datetime | None],
    forwarder: Forwarder | None,
    app: ASGIApp,
    listeners: Sequence[socket.socket],
) -> AsyncIterator[None]:
    """Make the figures available, until the context is left.

    Args:
        services: those whose figures they are.
        acceptor: accepts the connections of clients.
        certificate_end: see `Figures`.
        forwarder: see `Figures`.
        app: responds to requests on `listeners`.
        listeners: where programs of the operator's connect; closed when the context is left.
    """
    disk = Disk(services.config.data_dir)
    services.metrics.watch(Figures(services, acceptor, disk, certificate_end, forwarder).look)
    hosts = Hosts.of(services.config.hosts, machine_domains())
    rules = Rules(Limits(head_seconds=services.config.head_timeout), admits=hosts.admits)

    async def serve(transport: Transport, peer: str, scheme: str) -> None:
        upgrade = await serve_http_connection(
            transport, app=app, rules=rules, peer=peer, scheme=scheme
        )
        if upgrade is not None:
            await upgrade.refuse(transport, 404, "Not found")

    async with trio.open_nursery() as nursery:
        await nursery.start(disk.watch)
        nursery.start_soon(Acceptor(serve, CAPS).accept_forever, listeners, nursery)
        yield
        nursery.cancel_scope.cancel()
