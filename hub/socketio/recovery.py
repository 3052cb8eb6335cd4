"""Recovery of Socket.IO connections that broke, by what stock clients send: `pid` and `offset`.

Guarantees: the channels of a connection are kept in the store, not in this process, so it is
recovered after a restart too, and even if it got no event; another user's `pid` recovers nothing.
The offset that a client returns names what it received beyond what the store knows; a message whose
offset was lost with the connection is delivered again. A connection of another epoch of the log is
not recovered, because its positions mean nothing in this one. Must not know: packets, events, what
a message says.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import structlog
import trio
from attrs import define, field, frozen

from hub.socketio.offset import decode_offset
from persistence.interface import Recoveries
from persistence.records import NoSuchUser, StoreUnavailable
from protocol.model import ChannelId, Reached, UserId

log = structlog.get_logger(__name__)


@frozen
class RecoveryId:
    """A connection's `pid`: its user can recover the connection with it. It begins with the epoch
    of the log in which the connection began.
    """

    pid: str

    @classmethod
    def new(cls, epoch: str) -> "RecoveryId":
        """A new id, which is secret."""
        return cls(f"{epoch}.{secrets.token_urlsafe(24)}")

    @property
    def epoch(self) -> str:
        """The epoch of the log that its positions belong to."""
        return self.pid.partition(".")[0]

    @property
    def key(self) -> bytes:
        """The key under which the store keeps it."""
        return hashlib.sha256(b"recovery " + self.pid.encode("utf-8", "replace")).digest()

    @property
    def socket_id(self) -> str:
        """The public id of the connection, the same after it was recovered."""
        return hashlib.sha256(b"socket " + self.pid.encode("utf-8", "replace")).hexdigest()[:20]


@define(eq=False)
class RecoverySlip:
    """What is kept of a live connection: the channels it has joined, and its position in each.

    Args:
        id: its id.
        user_id: its user.
        entered: by channel, its head at the join, or what the client is known to have received.
        known: the channels of which it had received something before it broke.
        notes: how far it knew its user's notes before it broke; 0: that is not known.
        offline: the id up to which it was sent unconfirmed messages before; 0: none were sent.
    """

    id: RecoveryId
    user_id: UserId
    entered: dict[ChannelId, Reached]
    known: Collection[ChannelId] = ()
    notes: int = 0
    offline: int = 0
    is_over: bool = field(default=False, init=False)
    since: datetime | None = field(default=None, init=False)
    """When this process first saved it, by the store's clock; None: it has not yet."""
    saving: trio.Lock = field(factory=trio.Lock, init=False, repr=False)


class RecoveryDesk:
    """Keeps slips.

    Args:
        store: where they are kept.
        epoch: returns the epoch of the log.
        window: seconds for which a slip is valid after it was last touched; 0: none are kept.
    """

    def __init__(self, store: Recoveries, epoch: Callable[[], str], *, window: float) -> None:
        self._store = store
        self._epoch = epoch
        self._window = window

    async def open(self, user_id: UserId) -> RecoverySlip | None:
        """A slip for a new connection; None if the connection cannot be recovered."""
        if self._window <= 0:
            return None
        slip = RecoverySlip(RecoveryId.new(self._epoch()), user_id, {})
        try:
            await self.save(slip)
        except (StoreUnavailable, NoSuchUser) as error:
            log.warning("recovery_not_saved", reason=str(error))
            return None
        return slip

    async def save(self, slip: RecoverySlip) -> None:
        """Keep a slip as it is now.

        Raises:
            StoreUnavailable: it cannot be kept now.
            NoSuchUser: its user was deleted.
        """
        async with slip.saving:
            if not slip.is_over:
                saved = await self._store.save(slip.id.key, slip.user_id, slip.entered)
                slip.since = slip.since or saved

    async def end(self, slip: RecoverySlip) -> None:
        """Another connection continues this one: nothing of it is saved from now on."""
        slip.is_over = True
        async with slip.saving:
            pass

    async def find(self, user_id: UserId, pid: str, offset: str) -> RecoverySlip | None:
        """The slip of a broken connection, at the positions that it received; None: there is none.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        received = decode_offset(offset)
        recovery_id = RecoveryId(pid)
        if self._window <= 0 or received is None or recovery_id.epoch != self._epoch():
            return None
        found = await self._store.find(recovery_id.key, within=self._window)
        if found is None or found.user_id != user_id:
            return None
        entered = {
            channel_id: reached.or_further(received.positions.get(channel_id, Reached()))
            for channel_id, reached in found.positions.items()
        }
        known = received.positions.keys() | entered.keys()
        return RecoverySlip(recovery_id, user_id, entered, known, received.notes, received.offline)

    async def touch(self, slips: Sequence[RecoverySlip]) -> None:
        """Note that these connections are alive.

        Raises:
            StoreUnavailable: it cannot be noted now.
        """
        await self._store.touch([slip.id.key for slip in slips])

    async def purge(self) -> int:
        """Delete the slips that are no longer valid; returns how many.

        Raises:
            StoreUnavailable: they cannot be deleted now.
        """
        return await self._store.purge(older_than=self._window)
