"""Refuses requests while the state of the log is uncertain, as when another hub serves it.

Guarantees: a refused request gets 503, so that its client retries or goes to another hub; health
checks and metrics are always served. Must not know: any other request.
"""

from typing import Final

from attrs import frozen
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.http.responses import undecided_error
from hub.rest.replies import unavailable
from hub.services.posting.log_watch import LogWatch

ALWAYS: Final = ("/healthz", "/readyz", "/metrics")
"""The endings of the paths that are always served, with every prefix."""


@frozen
class WhileCertain:
    """An ASGI application that serves `app` while the state of the log is certain.

    Args:
        app: the application.
        watch: knows whether the state is certain.
    """

    app: ASGIApp
    watch: LogWatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        is_served = self.watch.is_certain or scope["path"].endswith(ALWAYS)
        await (self.app if is_served else undecided_error(unavailable()))(scope, receive, send)
