"""The asker of a command, a connection or an HTTP request, and the function that gets the answer.

Guarantees: the user comes from the session alone, never from what a client claims.
Must not know: dialects, sockets, what a command does.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from hub.actor.client import Client
from hub.limits.quotas import Quota
from protocol.answers import Answer
from protocol.commands import Command
from protocol.errors import ErrorCode
from protocol.model import ChannelId, User

Reply: TypeAlias = Callable[[Answer], None]
"""Gets the answer to one command, exactly once. It may be called from the Hub's loop, so it must
not block.
"""


Outcomes: TypeAlias = Counter[tuple[str, type[Command] | None, ErrorCode | None]]
"""How many commands there were by dialect, type (None: malformed), and the code of the refusal
(None: it was carried out).
"""


class Window(Protocol):
    """A limit on the rate of messages, besides the user's quota."""

    def take(self, now: float) -> bool:
        """Count one if it is allowed; returns whether it is."""


class ChannelScope(Enum):
    """The channels in which a command may act."""

    JOINED = auto()  # those that the connection has joined
    VISIBLE = auto()  # those that the user may see


class Journal(Protocol):
    """Keeps the channels that a connection has joined, so that it can be recovered."""

    async def joining(self, channel_id: ChannelId) -> None:
        """The connection is about to join a channel, and gets what is posted there from now on.

        Raises:
            StoreUnavailable: it cannot be noted now.
        """

    async def resuming(
        self, after: Mapping[ChannelId, int] | None, revs: Mapping[ChannelId, int] | None
    ) -> None:
        """The same for several channels, with what follows the given seqs; None: all channels, from
        the beginning. `revs`: the last revs that the client knows; None: it asks for no revisions.

        Raises:
            StoreUnavailable: it cannot be noted now.
        """

    async def left(self, channel_id: ChannelId) -> None:
        """The connection has left a channel."""


class NoJournal:
    """The journal of a connection that cannot be recovered."""

    async def joining(self, channel_id: ChannelId) -> None:
        """See `Journal`."""

    async def resuming(
        self, after: Mapping[ChannelId, int] | None, revs: Mapping[ChannelId, int] | None
    ) -> None:
        """See `Journal`."""

    async def left(self, channel_id: ChannelId) -> None:
        """See `Journal`."""


NO_JOURNAL: Final = NoJournal()


@frozen(eq=False)
class Asker:
    """The source of commands: one for each connection, and one for each HTTP request.

    Args:
        user: in whose name the commands are carried out.
        quota: what the user may do, over all of their connections and requests.
        scope: the channels in which it may act.
        dialect: the name of the one that it speaks.
        client: the connection; None over HTTP.
        window: a further limit on its messages, if there is one.
        journal: keeps the channels that it has joined.
        besides: a connection that its own messages are not delivered to.
        confirm: a connection that gets a confirmation, in order, when its message is stored.
    """

    user: User
    quota: Quota
    scope: ChannelScope
    dialect: str
    client: Client | None = None
    window: Window | None = None
    journal: Journal = field(default=NO_JOURNAL, repr=False)
    besides: Client | None = None
    confirm: Client | None = None

    @property
    def connection(self) -> Client:
        """The connection.

        Raises:
            LookupError: there is none; see `protocol.commands.RequestCommand` for the commands
                that need none.
        """
        if self.client is None:
            raise LookupError("this command needs a connection")
        return self.client
