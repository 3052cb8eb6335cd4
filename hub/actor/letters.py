"""The letters that the Hub accepts: a closed union.

Guarantees: a letter is self-contained; the Hub needs nothing but its own maps to act on it.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import trio
from attrs import field, frozen

from hub.actor.client import Client
from hub.tracing.tracing import Delivering
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.model import Channel, ChannelId, SessionId, UserId, WorkspaceId


class ChannelRoom(NamedTuple):
    """The connections that have joined a channel. A named tuple, because it is made and looked up
    for every message.
    """

    channel_id: ChannelId
    kind: Literal["channel"] = "channel"


class WorkspaceRoom(NamedTuple):
    """The connections that follow a workspace."""

    workspace_id: WorkspaceId
    kind: Literal["workspace"] = "workspace"


Room: TypeAlias = ChannelRoom | WorkspaceRoom


@frozen
class ToUsers:
    """Every connection of these users, except `besides` and those in the room `outside`. The ids
    are distinct.
    """

    user_ids: Sequence[UserId]
    besides: Client | None = None
    outside: Room | None = None


@frozen
class ToRooms:
    """Every connection in these rooms, except `besides` and those of `besides_users`."""

    rooms: Sequence[Room]
    besides: Client | None = None
    besides_users: frozenset[UserId] = frozenset()


@frozen
class ToUserInRoom:
    """The connections of one user that are in a room."""

    user_id: UserId
    room: Room


@frozen
class ToClients:
    """These connections, after everything that was posted before; if a room is given, only those
    that are in it then.
    """

    clients: Sequence[Client]
    room: Room | None = None


@frozen
class ToOutsider:
    """This connection, after everything that was posted before, unless it is in the room then."""

    client: Client
    room: Room


@frozen
class ToEveryone:
    """Every connection but those of some users."""

    besides: frozenset[UserId]


Audience: TypeAlias = ToUsers | ToRooms | ToUserInRoom | ToClients | ToOutsider | ToEveryone


@frozen
class Delivery:
    """One event and its audience."""

    event: Event
    to: Audience


@frozen
class Register:
    """A connection is ready. `greeting` is its first event."""

    client: Client
    greeting: Event


@frozen
class Unregister:
    """A connection has ended; harmless when it is unknown."""

    client: Client


@frozen
class Join:
    """The connection joins these rooms; `greeting` is sent before any event of them. `channel` is
    the channel of the room; `Hub.joined` returns it.
    """

    client: Client
    rooms: Sequence[Room]
    greeting: Event | None = None
    channel: Channel | None = None


@frozen
class Leave:
    """The connection leaves the room; if it was in it, `farewell` is sent after any event of it."""

    client: Client
    room: Room
    farewell: Event | None = None


@frozen
class Broadcast:
    """The deliveries of one commit or one read, in order. `then` runs in the same turn, after they
    were handed out; it must not block. `trace` makes the spans of the deliveries.
    """

    deliveries: Sequence[Delivery]
    then: Callable[[], None] | None = None
    trace: Delivering | None = None


@frozen
class Rebind:
    """The connection goes on as one of this session, which is of the same user."""

    client: Client
    session_id: SessionId


@frozen
class EndSessions:
    """Close the connections of these sessions."""

    session_ids: frozenset[SessionId]
    reason: CloseReason


@frozen
class EndUsers:
    """Close every connection of these users, present and future, until they are readmitted."""

    user_ids: frozenset[UserId]
    reason: CloseReason


@frozen
class Readmit:
    """The user may connect again; None: all may."""

    user_id: UserId | None


@frozen
class SendBack:
    """Close the connections that these users have now; None: of all."""

    user_ids: frozenset[UserId] | None
    reason: CloseReason


@frozen
class Close:
    """Close these connections."""

    clients: Sequence[Client]
    reason: CloseReason


@frozen
class CloseAll:
    """Close every connection, present and future: the server is stopping. `done` is set when those
    present were asked to close, after everything that was posted before.
    """

    reason: CloseReason
    done: trio.Event = field(factory=trio.Event)


Letter: TypeAlias = (
    Register
    | Unregister
    | Join
    | Leave
    | Broadcast
    | Rebind
    | EndSessions
    | EndUsers
    | Readmit
    | SendBack
    | Close
    | CloseAll
)
