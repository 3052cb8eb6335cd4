"""The nodes of one store in memory: several hubs in one process, in tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import define, field

from persistence.memory.tables import Tables
from persistence.nodes import LEASE_SECONDS, Head, NameTaken, Node
from protocol.model import MessageId


@define
class MemoryNodes:
    """Implements `persistence.nodes.Nodes`."""

    tables: Tables
    _nodes: dict[str, tuple[Node, datetime]] = field(factory=dict, init=False)

    async def cell(self) -> str:
        """See the interface."""
        return "memory"

    async def renew(self, node: Node, *, connections: int) -> Sequence[Node]:
        """See the interface."""
        del connections
        now = self.tables.clock()
        alive = now - timedelta(seconds=LEASE_SECONDS)
        self._nodes = {name: each for name, each in self._nodes.items() if each[1] > alive}
        other, _ = self._nodes.get(node.name, (node, now))
        if other.start != node.start:
            raise NameTaken(f"another node that lives is called {node.name}")
        self._nodes[node.name] = node, now
        return [self._nodes[name][0] for name in sorted(self._nodes)]

    async def leave(self, node: Node) -> None:
        """See the interface."""
        other, _ = self._nodes.get(node.name, (None, None))
        if other is not None and other.start == node.start:
            del self._nodes[node.name]

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
