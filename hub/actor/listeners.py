"""The listeners that the Hub notifies when users and their connections come and go.

Guarantees: nothing here blocks, because it is called from the Hub's loop. Must not know: what a
listener does.
"""

from typing import Protocol

from attrs import define, field

from hub.actor.letters import Room
from protocol.model import User, UserId


class PresenceListener(Protocol):
    """Is notified of a user's first connection and of the end of their last one. Must not block."""

    def __call__(self, user_id: UserId, *, connected: bool) -> None:
        """Called from the Hub's loop."""


class RoomListener(Protocol):
    """Is notified of a user's first connection in a room, and of the end of the last one. Must not
    block: it is called from the Hub's loop.
    """

    def entered(self, user: User, room: Room) -> None:
        """The first connection joined."""

    def left(self, user: User, room: Room, *, disconnected: bool) -> None:
        """The last connection left, or was lost altogether (`disconnected`)."""


@define
class RoomListeners:
    """Several listeners as one, in the order in which they are notified."""

    listeners: list[RoomListener] = field(factory=list)

    def entered(self, user: User, room: Room) -> None:
        """See `RoomListener`."""
        for listener in self.listeners:
            listener.entered(user, room)

    def left(self, user: User, room: Room, *, disconnected: bool) -> None:
        """See `RoomListener`."""
        for listener in self.listeners:
            listener.left(user, room, disconnected=disconnected)
