"""Measures requests: how many there are, their status, and how long they took.

Guarantees: all paths without a route count as one. Must not know: which routes there are, who gets
the figures.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import trio
from attrs import frozen
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.http.responses import HttpError

Note: TypeAlias = Callable[[str, str, int | None, float], None]
"""Gets the pattern of the path, the method, the status (None: no response) and the seconds."""

UNMATCHED: Final = "unmatched"
_PEER_IS_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


@frozen
class Measuring:
    """An ASGI application around another.

    Args:
        app: responds.
        patterns: by endpoint, the pattern of its path.
        note: is called for each request, once it is over.
    """

    app: ASGIApp
    patterns: Mapping[object, str]
    note: Note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        began = trio.current_time()
        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except _PEER_IS_GONE:
            raise
        except HttpError as error:
            status = status or error.status
            raise
        except Exception:
            status = status or 500
            raise
        finally:
            route = self.patterns.get(scope.get("endpoint"), UNMATCHED)
            self.note(route, scope["method"], status, trio.current_time() - began)
