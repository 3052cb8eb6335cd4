"""The other nodes, as services see them: what happens here is published to them.

Guarantees: nothing here waits, and without other nodes nothing happens. Must not know: what carries
it, who the others are.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.cluster.bulletins import Change, StoredMessage


class Elsewhere(Protocol):
    """What is published."""

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Messages were stored here, in this order."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Revisions were made here, in this order."""

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
        """These are delivered here, and are to be elsewhere: those that concern single connections
        are not.
        """


class _Nowhere:
    """There are no other nodes."""

    def stored(self, messages: Iterable[StoredMessage]) -> None:
        """Nothing happens."""

    def changed(self, changes: Iterable[Change]) -> None:
        """Nothing happens."""

    def delivered(self, deliveries: Sequence[Delivery]) -> None:
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
