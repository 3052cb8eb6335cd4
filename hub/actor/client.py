"""One connection as the rest of the hub sees it: its user, its session and its link.

Guarantees: nothing here blocks, so the Hub can call it in its loop.
Must not know: the Hub, the store, what carries the connection.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from attrs import define, field

from hub.actor.backlog import Backlog
from hub.actor.link import Frames, Link
from hub.limits.quotas import Quota
from hub.settings.log_ids import CONNECTION, USER, connection_id
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.model import SessionId, User


class Encoder(Protocol):
    """Events -> bytes for a link, once for all clients that share it."""

    @property
    def name(self) -> str:
        """The name of the dialect."""

    @property
    def encodes(self) -> frozenset[type[Event]]:
        """The types of event that it encodes."""

    def encode(self, event: Event) -> bytes:
        """The bytes of `event`; empty when its type is not in `encodes`."""


@define(eq=False)
class Client:
    """A connection that can be registered.

    Args:
        user: the user of the session.
        session_id: the session; ending it closes the connection.
        wire: encodes events for this connection.
        link: the way to the peer.
        quota: what its user may do, over all of their connections.
        network: the peer's network, by which limits count.
        typing_seconds: when its typing indicators end by themselves, if not as usual.

    The Hub delivers to `backlog`, which passes frames on to the link. `connection` is the id of the
    connection in the log.
    """

    user: User
    session_id: SessionId
    wire: Encoder
    link: Link = field(repr=False)
    quota: Quota = field(repr=False)
    network: str = ""
    typing_seconds: float | None = field(default=None, repr=False)
    connection: str | None = field(factory=connection_id, init=False)
    since: datetime = field(factory=partial(datetime.now, UTC), init=False)
    backlog: Backlog = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.backlog = Backlog(self.link)

    def send(self, event: Event) -> None:
        """Send one event to this connection alone, now, past what its backlog holds."""
        data = self.wire.encode(event)
        if data:
            self.link.offer(Frames(data, event.ephemeral))
            self.link.flush()

    def replay(self, event: Event) -> None:
        """Queue an event from the log, past what the backlog holds."""
        data = self.wire.encode(event)
        if data:
            self.link.offer(Frames(data, position=event.position))

    def flush(self) -> None:
        """Send what is queued as far as that takes no waiting."""
        self.link.flush()

    def close(self, reason: CloseReason) -> None:
        """Begin to close. The first reason wins."""
        self.link.close(reason)


def ids_of(client: Client) -> Mapping[str, object]:
    """The ids for a log line about a client, in a task that serves several."""
    return {CONNECTION: client.connection, USER: client.user.id}
