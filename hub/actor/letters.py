"""The Hub's inbox: what may be asked of it, a closed union.

Guarantees: a letter is self-contained; the Hub needs nothing but its own maps to act on it.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import trio
from attrs import field, frozen

from hub.actor.client import Client
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.model import ChannelId, SessionId, UserId, WorkspaceId


@frozen
class ChannelRoom:
    """The connections that have joined a channel."""

    channel_id: ChannelId


@frozen
class WorkspaceRoom:
    """The connections that are told of everything in a workspace."""

    workspace_id: WorkspaceId


Room: TypeAlias = ChannelRoom | WorkspaceRoom


@frozen
class ToUsers:
    """Every connection of these users, but one. The ids are distinct."""

    user_ids: Sequence[UserId]
    besides: Client | None = None


@frozen
class ToRooms:
    """Every connection in these rooms, but one connection, or those of one user."""

    rooms: Sequence[Room]
    besides: Client | None = None
    besides_user: UserId | None = None


@frozen
class ToClient:
    """One connection, after everything that was posted before."""

    client: Client


@frozen
class ToEveryone:
    """Every connection but those of one user."""

    besides: UserId


Audience: TypeAlias = ToUsers | ToRooms | ToClient | ToEveryone


@frozen
class Delivery:
    """One event and who is told of it."""

    event: Event
    to: Audience


@frozen
class Register:
    """A connection is ready. `greeting` is the first thing it is told."""

    client: Client
    greeting: Event


@frozen
class Unregister:
    """A connection is gone; asking twice is harmless."""

    client: Client


@frozen
class Join:
    """The connection comes into these rooms; `greeting` is the first thing it hears there."""

    client: Client
    rooms: Sequence[Room]
    greeting: Event | None = None


@frozen
class Leave:
    """The connection leaves the room; `farewell` is the last thing it hears of it."""

    client: Client
    room: Room
    farewell: Event | None = None


@frozen
class Broadcast:
    """Everything one commit or one read produced, in order. `then` is called when it was told, and
    must not wait: what it tells comes after that.
    """

    deliveries: Sequence[Delivery]
    then: Callable[[], None] | None = None


@frozen
class EndSessions:
    """Close the connections of these sessions."""

    session_ids: frozenset[SessionId]
    reason: CloseReason


@frozen
class EndUsers:
    """Close every connection of these users."""

    user_ids: frozenset[UserId]
    reason: CloseReason


@frozen
class CloseAll:
    """Close every connection, present and future: the server is stopping. `done` is set when all
    that were there have been told, after everything that was posted before.
    """

    reason: CloseReason
    done: trio.Event = field(factory=trio.Event)


Letter: TypeAlias = (
    Register | Unregister | Join | Leave | Broadcast | EndSessions | EndUsers | CloseAll
)
