"""The Socket.IO dialects on their path, `/socket.io/`.

Guarantees: every dialect of events is served in its namespace; pages of other origins are refused
unless they are allowed. Must not know: any dialect by name.
"""

import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import trio

from hub.assembly import Services, new_node
from hub.engineio.forwarding.forwarder import Forwarder
from hub.engineio.forwarding.listener import InternalListener, internal_listener
from hub.engineio.forwarding.signature import Signer
from hub.engineio.server import EngineServer
from hub.settings.config import Config
from hub.socketio.admin_ui.application import AdminUi
from hub.socketio.application import EventApplication
from hub.socketio.server import SocketIoServer
from persistence.bus import Bus
from protocol.dialect import EventDialect
from protocol.engineio.session import EngineSettings
from protocol.shapes.rendering import render_html
from protocol.socketio.admin_ui import NAMESPACE
from protocol.websocket.handshake import Head, origin_allowed

PATH: Final = "/socket.io/"
SETTINGS: Final = EngineSettings()
NO_OTHERS: Final = InternalListener(None, ())
KEY: Final = "forwarding"  # the name of the secret with which nodes sign


@asynccontextmanager
async def open_socketio(
    services: Services, dialects: Mapping[str, EventDialect]
) -> AsyncIterator[EngineServer]:
    """Run the dialects until the context is left.

    Args:
        services: carry out their commands.
        dialects: by namespace.
    """
    config = services.config
    scheme = "http" if config.tls_cert is None else "https"

    def origin_rule(head: Head) -> bool:
        return origin_allowed(head, config.web_origins, scheme)

    applications = {
        namespace: EventApplication(
            dialect.rendering(render_html) if config.rendered_content else dialect,
            services,
        )
        for namespace, dialect in dialects.items()
    }
    pages = _pages(services)
    server = SocketIoServer({**applications, **pages})
    engine = EngineServer(SETTINGS, server.serve, origin_rule, forwarder=await _forwarder(services))
    async with trio.open_nursery() as nursery:
        for application in applications.values():
            nursery.start_soon(application.run)
        for page in pages.values():
            nursery.start_soon(page.run)
        await nursery.start(engine.run)
        yield engine
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_internal(config: Config, bus: Bus | None) -> AsyncIterator[InternalListener]:
    """The listener for other nodes, if there may be any; closed when the context is left.

    Raises:
        OSError: the address of the settings cannot be bound.
    """
    if bus is None:
        yield NO_OTHERS
        return
    with internal_listener(new_node(config), config.data_dir, config.node_address) as internal:
        yield internal


async def _forwarder(services: Services) -> Forwarder | None:
    """Forwards to other nodes, if there may be any; all nodes share a key in the store."""
    if services.cluster is None:
        return None
    key = await services.store.sessions.secret(KEY, secrets.token_urlsafe(32))
    signer = Signer(services.cluster.name, key.encode(), time.time)
    return Forwarder(services.cluster, signer, SETTINGS)


def _pages(services: Services) -> Mapping[str, AdminUi]:
    """The page of operators by its namespace, if the settings have one."""
    token = services.config.admin_token
    if not services.config.admin_ui or token is None:
        return {}
    return {NAMESPACE: AdminUi(services, token)}
