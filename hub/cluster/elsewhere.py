"""The other nodes, as services see them: what happens here is published to them.

Guarantees: nothing here waits, and without other nodes nothing happens. Must not know: what carries
it, who the others are.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol, get_args

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.cluster.bulletins import (
    Change,
    Crossing,
    Key,
    Named,
    Reaching,
    Sign,
    StoredMessage,
    Takeover,
)
from hub.limits.quotas import Kind
from protocol.model import UserId

_CROSSING: Final = get_args(Crossing)
_NAMED: Final = get_args(Named)


class Elsewhere(Protocol):
    """What is published.

    `exists`: whether there may be other nodes, whose clients want what nobody wants here;
    `is_apart`: whether what happens there may not be known here.
    """

    @property
    def exists(self) -> bool: ...  # noqa: D102

    @property
    def is_apart(self) -> bool: ...  # noqa: D102

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Messages were stored here, in this order."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Revisions were made here, in this order."""

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """These are delivered here, and are to be elsewhere: those that concern single connections
        are not.
        """

    def moved(self, key: Key, *, is_here: bool) -> None:
        """Somebody's first connection has come to this node, or their last one here has ended."""

    def present(self, keys: Collection[Key]) -> None:
        """Exactly these are at this node."""

    def signs(self, signs: Sequence[Sign]) -> None:
        """These are delivered here, and are to be elsewhere, where they change something."""

    def took_over(self, takeover: Takeover) -> None:
        """A connection that was perhaps at another node goes on here."""

    def spent(self, user_id: UserId, kind: Kind) -> None:
        """A user was allowed one of a kind that all nodes count together."""

    def lacks(self, nodes: Sequence[str]) -> None:
        """It is not known who is at these nodes, until said otherwise."""


class _Nowhere:
    """There are no other nodes."""

    exists = False
    is_apart = False

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Nothing happens."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Nothing happens."""

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """Nothing happens."""

    def moved(self, key: Key, *, is_here: bool) -> None:
        """Nothing happens."""

    def present(self, keys: Collection[Key]) -> None:
        """Nothing happens."""

    def signs(self, signs: Sequence[Sign]) -> None:
        """Nothing happens."""

    def took_over(self, takeover: Takeover) -> None:
        """Nothing happens."""

    def spent(self, user_id: UserId, kind: Kind) -> None:
        """Nothing happens."""

    def lacks(self, nodes: Sequence[str]) -> None:
        """Nothing happens."""


NOWHERE: Final[Elsewhere] = _Nowhere()


@frozen
class Announcer:
    """Delivers at every node.

    Args:
        hub: delivers here.
        elsewhere: the other nodes.
    """

    hub: Hub
    elsewhere: Elsewhere = NOWHERE

    async def announce(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver these events in order, here and elsewhere."""
        self.elsewhere.delivered(deliveries)
        await self.hub.broadcast(deliveries)

    async def show(self, deliveries: Sequence[Delivery], signs: Iterable[Sign]) -> None:
        """Deliver these here, and the signs elsewhere: they are made only where others may be."""
        if self.elsewhere.exists and (made := list(signs)):
            self.elsewhere.signs(made)
        await self.hub.broadcast(deliveries)


def crossing(deliveries: Sequence[Delivery]) -> list[Reaching]:
    """Those of the deliveries that mean something at another node."""
    return [
        Reaching(each.event, each.to)
        for each in deliveries
        if isinstance(each.event, _CROSSING) and isinstance(each.to, _NAMED)
    ]


def local(reaching: Sequence[Reaching]) -> list[Delivery]:
    """What came from another node, as deliveries."""
    return [Delivery(each.event, each.to) for each in reaching]
