"""One connection from its first byte: HTTP requests, until one of them becomes a WebSocket.

Guarantees: a WebSocket is opened only for a known path, an allowed origin and a live session;
whoever is turned away learns it the way the dialect prescribes; the Hub hears of every client's
end.
Must not know: which dialects exist, what they say.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import assert_never

import structlog
import trio
from attrs import evolve
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.client import Client
from hub.connection import WebSocketConnection, accept, take_commands
from hub.engineio.server import EngineServer
from hub.http.server import Limits, send_plain_response, serve_http_connection
from hub.http.uploads import MULTIPART_BYTES, UPLOAD_PATHS
from hub.letters import Register, Unregister
from hub.link import CLOSE_SECONDS, WebSocketLink
from hub.outbox import Outbox
from hub.rate import TokenBucket
from hub.services import Services
from hub.transport import Transport
from hub.wire import Wire
from persistence.records import StoreUnavailable
from protocol.dialect import AcceptAndClose, Dialect, RefuseUpgrade, Rejection
from protocol.dialect import Limits as CodecLimits
from protocol.events import Connected, Shed
from protocol.handshake import (
    HandshakeError,
    Head,
    check_upgrade,
    origin_allowed,
    request_bytes,
)
from protocol.model import Session
from protocol.websocket import close_frame, text_frame

log = structlog.get_logger(__name__)

UNREGISTER_SECONDS = 5.0
RESUME_FIRST = "resume"  # parameter of who hears nothing live before it has resumed


class Front:
    """Serves connections.

    Args:
        services: what they work with.
        app: answers the requests that are no WebSocket.
        dialects: by path.
        engines: Engine.IO servers, by path.
    """

    def __init__(
        self,
        services: Services,
        app: ASGIApp,
        dialects: Mapping[str, Dialect],
        engines: Mapping[str, EngineServer],
    ) -> None:
        self._services = services
        self._engines = engines
        self._app = app
        self._wires = {path: Wire(dialect) for path, dialect in dialects.items()}
        self._limits = Limits(
            head_seconds=services.config.head_timeout,
            larger_bodies={
                **dict.fromkeys(UPLOAD_PATHS, services.config.max_upload_bytes + MULTIPART_BYTES),
                **{path: engine.max_payload for path, engine in engines.items()},
            },
        )
        self._busy = 0
        self._idle = trio.Event()

    async def serve(self, transport: Transport, peer: str, scheme: str) -> None:
        """Serve one connection until it ends.

        Args:
            transport: the socket; the caller closes it.
            peer: the address it came from.
            scheme: "http" or "https".
        """
        await serve_http_connection(
            transport,
            app=self._answer,
            on_upgrade=partial(self._upgrade, transport, scheme),
            limits=self._limits,
            peer=peer,
            scheme=scheme,
        )

    async def drain(self) -> None:
        """Return when no request is being answered and no WebSocket is open."""
        while self._busy:
            self._idle = trio.Event()
            await self._idle.wait()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._busy += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._done()

    async def _upgrade(
        self, transport: Transport, scheme: str, head: Head, trailing: bytes
    ) -> None:
        self._busy += 1
        try:
            await self._open(transport, scheme, head, trailing)
        finally:
            self._done()

    def _done(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    async def _open(self, transport: Transport, scheme: str, head: Head, trailing: bytes) -> None:
        """Check an upgrade request and serve it, or turn it away."""
        services = self._services
        wire = self._wires.get(head.path)
        try:
            check_upgrade(head)
        except HandshakeError as error:
            await send_plain_response(transport, error.status, error.text, error.headers)
            return
        engine = self._engines.get(head.path)
        if wire is None and engine is None:
            await send_plain_response(transport, 404, "Not found")
        elif not origin_allowed(head, services.config.allowed_origins, scheme):
            await send_plain_response(transport, 403, "Origin not allowed")
        elif not services.status.accepting:
            await send_plain_response(transport, 503, "Server shutting down")
        elif engine is not None:
            await engine.upgrade(transport, head, trailing)
        elif wire is not None:
            cookie = wire.dialect.session_cookie
            try:
                session = await services.authenticator.find(cookie, head.cookies())
            except StoreUnavailable:
                await send_plain_response(transport, 503, "Temporarily unavailable")
                return
            if isinstance(session, Session):
                await self._welcome(transport, head, trailing, wire, session)
            else:
                await self._turn_away(transport, head, wire.dialect.reject(session))

    async def _turn_away(self, transport: Transport, head: Head, rejection: Rejection) -> None:
        match rejection:
            case RefuseUpgrade(status=status, text=text):
                await send_plain_response(transport, status, text)
            case AcceptAndClose(texts=texts, reason=reason):
                async with trio.open_nursery() as nursery:
                    await accept(request_bytes(head), transport, nursery)
                    nursery.cancel_scope.cancel()
                frames = [text_frame(text.encode()) for text in texts]
                with trio.move_on_after(CLOSE_SECONDS):
                    await transport.send_all(b"".join((*frames, close_frame(reason))))
                    while await transport.receive_some():
                        pass  # until the peer has read it and closes: a reset could hide it
            case _:
                assert_never(rejection)

    async def _welcome(
        self, transport: Transport, head: Head, trailing: bytes, wire: Wire, session: Session
    ) -> None:
        services = self._services
        config = services.config
        now = datetime.now(UTC)
        remaining = (session.expires_at - now).total_seconds()
        rate = wire.dialect.rate
        async with trio.open_nursery() as nursery:
            control = await accept(request_bytes(head), transport, nursery)
            link = WebSocketLink(
                transport,
                Outbox(config.outbox_bytes),
                lambda count: wire.encode(Shed(count, datetime.now(UTC))),
                trio.current_time() + remaining,
            )
            budget = None
            if rate is not None:
                allowed = evolve(rate, tokens=config.chat_messages)
                budget = TokenBucket(allowed, trio.current_time())
            share = services.shares.of(session.user.id)
            client = Client(session.user, session.id, wire, link, share, budget)
            connection = WebSocketConnection(
                transport, control, link, trailing, config.max_frame_bytes
            )
            codec = wire.dialect.open(CodecLimits(config.max_content_chars))
            log.debug("client_connected", user_id=session.user.id, dialect=wire.dialect.name)
            if RESUME_FIRST in head.query:
                client.hold()
            try:
                await services.hub.post(Register(client, Connected(session.user, now)))
                take = take_commands(client, codec, services.commands.carry_out)
                await connection.serve(wire.dialect.heartbeat, take)
            finally:
                nursery.cancel_scope.cancel()
                services.commands.gone(client)
                with trio.move_on_after(UNREGISTER_SECONDS, shield=True):
                    await services.hub.post(Unregister(client))
                log.debug("client_disconnected", user_id=session.user.id)
