"""Requests while nobody knows what is in the log, as when another hub serves the database.

Guarantees: they are refused with 503, so that who sends them goes elsewhere or comes back; all but
those of who looks after the hub. Must not know: which requests there are otherwise.
"""

from typing import Final

from attrs import frozen
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.http.responses import undecided_error
from hub.rest.replies import unavailable
from hub.services.posting.log_watch import LogWatch

ALWAYS: Final = ("/healthz", "/readyz", "/metrics")
"""What the paths end with that are always served: under every name that they have."""


@frozen
class WhileCertain:
    """An ASGI application that is there while the log is certain.

    Args:
        app: the application.
        watch: knows whether it is.
    """

    app: ASGIApp
    watch: LogWatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        is_served = self.watch.is_certain or scope["path"].endswith(ALWAYS)
        await (self.app if is_served else undecided_error(unavailable()))(scope, receive, send)
