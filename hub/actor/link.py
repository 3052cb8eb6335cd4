"""The way from the hub to one peer, whatever carries it.

Guarantees: no method but `caught_up` blocks, so the Hub can call the others in its loop.
Must not know: users, events.
"""

from typing import Protocol

from protocol.errors import CloseReason
from protocol.model import Position


class Link(Protocol):
    """Implemented by whatever carries a connection."""

    def offer(self, data: bytes, *, ephemeral: bool, position: Position | None = None) -> None:
        """Queue encoded frames. A peer that cannot take what must not be lost is closed.

        Args:
            data: the frames.
            ephemeral: whether they may be dropped for a slow peer.
            position: the log position that the peer has reached once it received them.
        """

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""

    def close(self, reason: CloseReason) -> None:
        """Begin to close: what is queued goes out first. The first reason wins."""

    @property
    def is_behind(self) -> bool:
        """Whether much is queued that the peer has not taken."""

    async def caught_up(self) -> None:
        """Wait until nothing is queued, or the link is closed."""
