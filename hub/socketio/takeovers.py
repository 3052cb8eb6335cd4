"""Closes a broken connection that still exists, here or at another node, when its client has
recovered it by a new one.

Guarantees: the old connection is closed once, and no save of its slip begins afterwards; if two
nodes recovered one connection, the later one keeps it, whenever the bulletins arrive. Must not
know: packets, what carries bulletins.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import define, field

from hub.actor.client import Client
from hub.cluster.bulletins import Takeover
from hub.cluster.elsewhere import Elsewhere
from hub.socketio.recovery import RecoveryDesk, RecoverySlip
from protocol.errors import GOING_AWAY

_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)


@define
class Takeovers:
    """The connections that can be recovered.

    Args:
        recoveries: keeps their slips.
        elsewhere: the other nodes.
    """

    _recoveries: RecoveryDesk
    _elsewhere: Elsewhere
    _kept: dict[str, dict[Client, RecoverySlip]] = field(factory=dict, init=False)

    def begun(self, client: Client, slip: RecoverySlip) -> None:
        """A connection has begun, or was recovered."""
        self._kept.setdefault(slip.id.key.hex(), {})[client] = slip

    def ended(self, client: Client, slip: RecoverySlip) -> None:
        """A connection has ended."""
        key = slip.id.key.hex()
        self._kept[key].pop(client)
        if not self._kept[key]:
            del self._kept[key]

    async def take(self, slip: RecoverySlip) -> None:
        """Recover the connection of a slip here, by another connection.

        Raises:
            StoreUnavailable: it cannot be kept now.
            NoSuchUser: its user was deleted.
        """
        key = slip.id.key.hex()
        for client, old in tuple(self._kept.get(key, {}).items()):
            client.close(GOING_AWAY)  # its client has reconnected
            await self._recoveries.end(old)
        await self._recoveries.save(slip)  # what its client received is not sent again
        self._elsewhere.took_over(Takeover(key, _microseconds(slip)))

    def taken(self, takeovers: Sequence[Takeover]) -> None:
        """These connections were recovered at another node."""
        for each in takeovers:
            for client, slip in tuple(self._kept.get(each.key, {}).items()):
                if _microseconds(slip) < each.since:
                    slip.is_over = True
                    client.close(GOING_AWAY)  # its client has reconnected there


def _microseconds(slip: RecoverySlip) -> int:
    """Since when it is served here, in microseconds since 1970; 0: it was not saved."""
    since = slip.since or _BEGIN
    return (since - _BEGIN) // timedelta(microseconds=1)
