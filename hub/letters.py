"""The Hub's inbox: what may be asked of it, a closed union.

Guarantees: a letter is self-contained; the Hub needs nothing but its own maps to act on it.
"""

from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen

from hub.client import Client
from protocol.errors import CloseReason
from protocol.events import Event
from protocol.model import ChannelId, SessionId, UserId


@frozen
class ToUsers:
    """Every connection of these users. The ids are distinct."""

    user_ids: Sequence[UserId]


@frozen
class ToChannel:
    """Every connection that joined the channel, but one."""

    channel_id: ChannelId
    besides: Client | None = None


@frozen
class ToEveryone:
    """Every connection but those of one user."""

    besides: UserId


Audience: TypeAlias = ToUsers | ToChannel | ToEveryone


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
    """From now on the connection is told what goes to the channel."""

    client: Client
    channel_id: ChannelId


@frozen
class Leave:
    """The connection is no longer told what goes to the channel."""

    client: Client
    channel_id: ChannelId


@frozen
class Broadcast:
    """Everything one commit or one read produced, in order."""

    deliveries: Sequence[Delivery]


@frozen
class EndSessions:
    """Close the connections of these sessions."""

    session_ids: frozenset[SessionId]
    reason: CloseReason


@frozen
class CloseAll:
    """Close every connection, present and future: the server is stopping."""

    reason: CloseReason


Letter: TypeAlias = Register | Unregister | Join | Leave | Broadcast | EndSessions | CloseAll
