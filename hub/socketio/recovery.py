"""Recovery of Socket.IO connections that broke, by what stock clients send: `pid` and `offset`.

Guarantees: the channels of a connection are kept in the store, not in this process, so it is
recovered after a restart too, and before any event; another user's `pid` recovers nothing. The
offset that a client returns names, by channel, the last message after which it received an offset;
a message whose offset was lost with the connection is delivered again.
Must not know: packets, events, what a message says.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final

import structlog
from attrs import define, frozen

from persistence.interface import Recoveries
from persistence.records import NoSuchUser, StoreUnavailable
from protocol.model import MAX_ID, ChannelId, UserId

log = structlog.get_logger(__name__)

MAX_OFFSET_CHARS: Final = 65_536
_PLACE: Final = re.compile(r"([1-9][0-9]{0,15}):([0-9]{1,16})", re.ASCII)


def encode_offset(positions: Mapping[ChannelId, int]) -> str:
    """`<channel>:<seq>` of each channel, with commas."""
    return ",".join([f"{channel_id}:{seq}" for channel_id, seq in positions.items()])


def decode_offset(text: str) -> Mapping[ChannelId, int] | None:
    """The inverse of `encode_offset`; None for a malformed text."""
    if len(text) > MAX_OFFSET_CHARS:
        return None
    positions: dict[ChannelId, int] = {}
    for part in text.split(",") if text else ():
        match = _PLACE.fullmatch(part)
        if match is None or max(int(match[1]), int(match[2])) > MAX_ID:
            return None
        positions[ChannelId(int(match[1]))] = int(match[2])
    return positions


@frozen
class RecoveryId:
    """A connection's `pid`: its user can recover the connection with it."""

    pid: str

    @property
    def key(self) -> bytes:
        """Under which the store keeps it."""
        return hashlib.sha256(b"recovery " + self.pid.encode("utf-8", "replace")).digest()

    @property
    def socket_id(self) -> str:
        """The public id of the connection, the same after it was recovered."""
        return hashlib.sha256(b"socket " + self.pid.encode("utf-8", "replace")).hexdigest()[:20]


@define
class RecoverySlip:
    """What is kept of a live connection: the channels it has joined, and from where on.

    Args:
        id: its id.
        user_id: its user.
        entered: by channel, the last seq when it joined.
    """

    id: RecoveryId
    user_id: UserId
    entered: dict[ChannelId, int]


class RecoveryDesk:
    """Keeps slips.

    Args:
        store: where they are kept.
        window: seconds for which a slip is valid after it was last touched; 0: there are none.
    """

    def __init__(self, store: Recoveries, *, window: float) -> None:
        self._store = store
        self._window = window

    async def open(self, user_id: UserId) -> RecoverySlip | None:
        """A slip for a new connection; None when it cannot be recovered."""
        if self._window <= 0:
            return None
        slip = RecoverySlip(RecoveryId(secrets.token_urlsafe(24)), user_id, {})
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
        await self._store.save(slip.id.key, slip.user_id, slip.entered)

    async def find(self, user_id: UserId, pid: str, offset: str) -> RecoverySlip | None:
        """The slip of a connection that broke, moved on to what it received; None: there is none.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        received = decode_offset(offset)
        recovery_id = RecoveryId(pid)
        if self._window <= 0 or received is None:
            return None
        found = await self._store.find(recovery_id.key, within=self._window)
        if found is None or found.user_id != user_id:
            return None
        entered = {
            channel_id: max(seq, received.get(channel_id, 0))
            for channel_id, seq in found.positions.items()
        }
        return RecoverySlip(recovery_id, user_id, entered)

    async def touch(self, slips: "list[RecoverySlip]") -> None:
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
