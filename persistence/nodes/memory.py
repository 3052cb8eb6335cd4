"""The nodes of one store in memory: several hubs in one process, in tests."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from attrs import define, evolve, field

from persistence.memory.tables import Tables
from persistence.nodes import LEASE_SECONDS, Head, Lease, NameTaken, Node
from protocol.model import MessageId

KEPT: Final = timedelta(days=1)


@define
class MemoryNodes:
    """Implements `persistence.nodes.Nodes`."""

    tables: Tables
    _leases: dict[str, Lease] = field(factory=dict, init=False)

    async def cell(self) -> str:
        """See the interface."""
        return "memory"

    async def renew(self, node: Node, *, connections: int) -> Sequence[Node]:
        """See the interface."""
        now = self.tables.clock()
        held = {each.node.name: each for each in await self.leases() if each.holds}
        own = held.get(node.name, Lease(node, connections, now, now, holds=True))
        if own.node.start != node.start:
            raise NameTaken(f"another node that lives is called {node.name}")
        own = evolve(own, connections=connections, renewed_at=now)
        self._leases[node.name] = held[node.name] = own
        return [held[name].node for name in sorted(held)]

    async def leave(self, node: Node) -> None:
        """See the interface."""
        lease = self._leases.get(node.name)
        if lease is not None and lease.node.start == node.start:
            del self._leases[node.name]

    async def leases(self) -> Sequence[Lease]:
        """See the interface."""
        now = self.tables.clock()
        alive = now - timedelta(seconds=LEASE_SECONDS)
        return [
            evolve(each, holds=each.renewed_at > alive)
            for _, each in sorted(self._leases.items())
            if each.renewed_at > now - KEPT
        ]

    async def heads_above(self, above: MessageId) -> Sequence[Head]:
        """See the interface."""
        rows = self.tables.channels
        return [
            Head(
                channel_id,
                len(row.messages),
                row.last_rev,
                row.channel.pair,
                row.channel.workspace_id,
            )
            for channel_id, row in sorted(rows.items())
            if row.revised_id > above or any(each.id > above for each in row.messages[-1:])
        ]
