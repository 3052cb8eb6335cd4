"""The way from the hub to one peer, whatever carries it.

Guarantees: no method but `caught_up` blocks, so the Hub can call the others in its loop.
Must not know: users, events.
"""

from typing import Protocol

from attrs import frozen

from protocol.engineio.session import Carrier
from protocol.errors import CloseReason
from protocol.model import LogPosition


@frozen
class Frames:
    """An event as bytes, for every connection of one dialect.

    Args:
        data: the encoded frames, joined.
        ephemeral: whether they may be dropped for a slow peer.
        position: the log position that a peer has reached once it received them.
    """

    data: bytes
    ephemeral: bool = False
    position: LogPosition | None = None


class Link(Protocol):
    """Implemented by whatever carries a connection."""

    def offer(self, frames: Frames) -> None:
        """Queue frames. Without room for frames that must not be dropped, the link is closed."""

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""

    def close(self, reason: CloseReason) -> None:
        """Begin to close: what is queued goes out first. The first reason wins."""

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are queued that the peer has not taken, as far as the hub knows."""

    @property
    def carrier(self) -> Carrier:
        """What carries the connection now."""

    @property
    def close_code(self) -> int:
        """The code of the side that closed first, once the connection has ended."""

    @property
    def is_behind(self) -> bool:
        """Whether much is queued that the peer has not taken."""

    async def caught_up(self) -> None:
        """Wait until nothing is queued, or the link is closed."""
