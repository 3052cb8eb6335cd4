"""One connection as the rest of the hub sees it: somebody who can be told and closed.

Guarantees: `tell`, `offer`, `flush` and `close` never wait, so the Hub can call them in its loop.
Must not know: the Hub, the store, what carries the connection.
"""

from typing import Protocol

import trio
from attrs import define, field

from hub.rate import TokenBucket
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.model import Channel, ChannelId, SessionId, User

MAX_SENDS_IN_FLIGHT = 64  # then its reader waits, so one client cannot fill the lanes


class Link(Protocol):
    """The way to a client. None of these waits."""

    def offer(self, data: bytes, *, ephemeral: bool) -> None:
        """Queue encoded frames. A client that cannot take what must not be lost is closed."""

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""

    def close(self, reason: CloseReason) -> None:
        """Begin to close: what is queued goes out first. The first reason wins."""


class Encoder(Protocol):
    """Events -> bytes for a link, once for all clients that share it."""

    def encode(self, event: Event) -> bytes:
        """What tells of `event`; empty when nothing does."""


@define(eq=False)
class Client:
    """A connection that can be registered.

    Args:
        user: whom the session belongs to.
        session_id: the session; ending it closes the connection.
        wire: how events become bytes here.
        link: the way to the peer.
        budget: how many messages it may send.

    `channels` are those it has joined: it may send and type there. `in_flight` holds a place for
    each send that was accepted and not yet settled.
    """

    user: User
    session_id: SessionId
    wire: Encoder
    link: Link = field(repr=False)
    budget: TokenBucket | None = field(default=None, repr=False)
    channels: dict[ChannelId, Channel] = field(factory=dict, init=False, repr=False)
    in_flight: trio.Semaphore = field(
        factory=lambda: trio.Semaphore(MAX_SENDS_IN_FLIGHT), init=False, repr=False
    )

    def tell(self, event: Event) -> None:
        """Send one event to this connection alone, now."""
        data = self.wire.encode(event)
        if data:
            self.link.offer(data, ephemeral=event.ephemeral)
            self.link.flush()

    def offer(self, data: bytes, *, ephemeral: bool) -> None:
        """Queue frames that were encoded by this client's wire."""
        self.link.offer(data, ephemeral=ephemeral)

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""
        self.link.flush()

    def close(self, reason: CloseReason) -> None:
        """Begin to close. The first reason wins."""
        self.link.close(reason)
