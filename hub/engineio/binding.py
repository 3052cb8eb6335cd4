"""Which requests carry an Engine.IO session: those of the client that opened it.

A session's id is a secret, and a page of another site cannot read the response that holds it. This
check protects a session even if its id leaks. A client names its origin in the header Origin, but
not always: a page of the server's own origin leaves the header out of every GET (Fetch, section
3.2), and clients that are no browser may send it only in a WebSocket's handshake. Cookies do not
help: a browser sends them with every page's requests, and other clients may have none.

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
        """The binding of a session that this request opens."""
        origin = opening.header(b"origin")
        return cls(origin, origin is not None)

    def admits(self, head: Head) -> bool:
        """Whether a request, whose origin was found to be allowed, may carry the session."""
        origin = head.header(b"origin")
        if origin is None:
            return not self._is_always_named
        if self._origin is None:
            self._origin = origin
        return origin == self._origin
