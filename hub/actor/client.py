"""One connection as the rest of the hub sees it: somebody who can be told and closed.

Guarantees: `tell`, `offer`, `flush` and `close` never wait, so the Hub can call them in its loop.
Must not know: the Hub, the store, what carries the connection.
"""

from collections.abc import Mapping
from typing import Protocol

from attrs import define, field, frozen

from hub.limits.quotas import Quota
from protocol.errors import TOO_SLOW, CloseReason
from protocol.events import Event
from protocol.model import Channel, ChannelId, Position, SessionId, User

MAX_HELD_BYTES = 262_144  # of live events, while what was missed is told


class Link(Protocol):
    """The way to a client. None of these waits."""

    def offer(self, data: bytes, *, ephemeral: bool, position: Position | None = None) -> None:
        """Queue encoded frames. A client that cannot take what must not be lost is closed.

        `position` is given when they tell of a message.
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


class Encoder(Protocol):
    """Events -> bytes for a link, once for all clients that share it."""

    @property
    def tells(self) -> frozenset[type[Event]]:
        """The types of event that it encodes."""

    def encode(self, event: Event) -> bytes:
        """The bytes of `event`; empty when its type is not in `tells`."""


@frozen
class _Held:
    """Frames that wait until a connection has caught up."""

    data: bytes
    ephemeral: bool
    position: Position | None


@define
class Stretch:
    """Messages of a channel, from one seq to another, without a hole."""

    first: int
    last: int


@define(eq=False)
class Client:
    """A connection that can be registered.

    Args:
        user: whom the session belongs to.
        session_id: the session; ending it closes the connection.
        wire: how events become bytes here.
        link: the way to the peer.
        quota: what its user may do, over all of their connections.
        typing_seconds: when its typing indicators end by themselves, if not as usual.

    `channels` are those it has joined: it may send and type there. `heard` is, by channel, the
    unbroken stretch of messages that it was told of and that goes on; `heard_before`, one that
    ended when it left.
    """

    user: User
    session_id: SessionId
    wire: Encoder
    link: Link = field(repr=False)
    quota: Quota = field(repr=False)
    typing_seconds: float | None = field(default=None, repr=False)
    channels: dict[ChannelId, Channel] = field(factory=dict, init=False, repr=False)
    heard: dict[ChannelId, Stretch] = field(factory=dict, init=False, repr=False)
    heard_before: dict[ChannelId, Stretch] = field(factory=dict, init=False, repr=False)
    _held: list[_Held] | None = field(default=None, init=False, repr=False)
    _held_bytes: int = field(default=0, init=False, repr=False)
    _told: dict[ChannelId, int] = field(factory=dict, init=False, repr=False)

    def tell(self, event: Event) -> None:
        """Send one event to this connection alone, now."""
        data = self.wire.encode(event)
        if data:
            self.link.offer(data, ephemeral=event.ephemeral)
            self.link.flush()

    def offer(self, data: bytes, *, ephemeral: bool, position: Position | None) -> None:
        """Queue frames that were encoded by this client's wire, or hold them back."""
        if self._held is not None:
            self._hold(_Held(data, ephemeral, position))
            return
        if position is not None:
            channel_id, seq = position
            if self._told and seq <= self._told.get(channel_id, 0):
                return  # it came from the log, before the Hub delivered it
            stretch = self.heard.get(channel_id)
            if stretch is None:
                self.heard[channel_id] = Stretch(seq, seq)
            else:
                stretch.last = seq
        self.link.offer(data, ephemeral=ephemeral, position=position)

    def hold(self) -> None:
        """From now on hold back what is offered: what was missed comes first."""
        if self._held is None:
            self._held, self._held_bytes = [], 0

    def release(self, told: Mapping[ChannelId, int]) -> None:
        """Send what was held back, and then what comes, but no message that was told already.

        Args:
            told: by channel, the seq up to which it was told by `replay`.
        """
        self._told |= told
        held, self._held = self._held or [], None
        for each in held:
            self.offer(each.data, ephemeral=each.ephemeral, position=each.position)
        self.flush()

    def replay(self, event: Event) -> None:
        """Queue an event that was missed, past what is held back."""
        data = self.wire.encode(event)
        if data:
            self.link.offer(data, ephemeral=False, position=event.position)

    def forget(self, channel_id: ChannelId) -> None:
        """It is no longer told of the channel: nothing that is held back of it goes out."""
        stretch = self.heard.pop(channel_id, None)
        if stretch is not None:
            self.heard_before[channel_id] = stretch
        self._told.pop(channel_id, None)
        if self._held is not None:
            self._held = [
                each
                for each in self._held
                if each.position is None or each.position.channel_id != channel_id
            ]

    def interrupt(self) -> None:
        """It no longer gets everything that it got: what comes next of a channel may not follow
        what came before.
        """
        self.heard_before |= self.heard
        self.heard.clear()

    def _hold(self, held: "_Held") -> None:
        self._held_bytes += len(held.data)
        if self._held is not None and self._held_bytes <= MAX_HELD_BYTES:
            self._held.append(held)
        else:
            self.close(TOO_SLOW)

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""
        self.link.flush()

    def close(self, reason: CloseReason) -> None:
        """Begin to close. The first reason wins."""
        self.link.close(reason)
