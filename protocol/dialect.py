"""The contract a wire dialect fulfils. See docs/adding-a-dialect.md.

Guarantees: the rest of Parlour meets a dialect only through these types. A `Codec` belongs to one
connection and may hold state; a `Dialect` is shared by all of its connections and holds none, so an
event is encoded once for all of them. Must not know: sockets, tasks, the clock.
"""

from typing import Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from protocol.commands import Command
from protocol.errors import CloseReason, WireError
from protocol.events import Event


@frozen
class Heartbeat:
    """The server pings every `interval` seconds and drops a peer silent for `timeout` seconds."""

    interval: float
    timeout: float


@frozen
class Limits:
    """What a codec refuses. `content_chars`: the longest message content, in characters."""

    content_chars: int


@frozen
class RefuseUpgrade:
    """Answer the upgrade request with an HTTP error; the socket is never opened."""

    status: int
    text: str


@frozen
class AcceptAndClose:
    """Accept the upgrade, say `texts`, then close: browsers can only read a close code."""

    texts: tuple[str, ...]
    reason: CloseReason


Rejection: TypeAlias = RefuseUpgrade | AcceptAndClose


class Codec(Protocol):
    """One connection's decoder."""

    def receive(self, text: str) -> Command:
        """The command in one text frame.

        Raises:
            WireError: the frame is malformed; the connection is told and stays open.
        """


@runtime_checkable
class Dialect(Protocol):
    """One wire protocol over WebSocket."""

    @property
    def name(self) -> str:
        """For logs and metrics."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The request paths it answers, exactly."""

    @property
    def session_cookie(self) -> str:
        """The cookie that carries the session token."""

    @property
    def heartbeat(self) -> Heartbeat:
        """How often to ping, and how long to wait for a sign of life."""

    def reject(self, token: str | None) -> Rejection:
        """How to turn away a peer whose session `token` is missing (None) or not valid."""

    def open(self, limits: Limits) -> Codec:
        """The decoder for a new connection."""

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The text frames (UTF-8) that tell a client of `event`; none if it never does."""


__all__ = [
    "AcceptAndClose",
    "Codec",
    "Dialect",
    "Heartbeat",
    "Limits",
    "RefuseUpgrade",
    "Rejection",
    "WireError",
]
