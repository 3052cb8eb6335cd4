"""Which requests carry an Engine.IO session: those of the client that opened it.

A session's id is a secret, and a page cannot read the response that holds another site's. What is
checked here holds even if an id leaks. A client shows where it comes from in the header Origin, but
not always: a page of the server's own origin leaves it out of every GET (Fetch, section 3.2), and
clients that are no browser may put it into a WebSocket's handshake alone. Cookies tell nothing: a
browser sends them with every page's requests, and other clients may have none.

Guarantees: a session serves one origin. If its first request names one, so must every other one;
if not, the first origin that is named is the session's from then on. Must not know: which origins
may use the server.
"""

from typing import Self

from attrs import define

from protocol.websocket.handshake import Head


@define
class Binding:
    """A session's origin.

    Args:
        origin: as the client names it; None: it has named none so far.
        is_always_named: whether it was named from the beginning.
    """

    _origin: bytes | None
    _is_always_named: bool

    @classmethod
    def of(cls, opening: Head) -> Self:
        """That of a session that this request opens."""
        origin = opening.header(b"origin")
        return cls(origin, origin is not None)

    def admits(self, head: Head) -> bool:
        """Whether a request may carry the session; its origin must be one that is allowed."""
        origin = head.header(b"origin")
        if origin is None:
            return not self._is_always_named
        if self._origin is None:
            self._origin = origin
        return origin == self._origin
