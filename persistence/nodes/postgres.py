"""The nodes of one Postgres: see the table `nodes`, and `renew_node` in routines/nodes.sql."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from persistence.nodes import LEASE_SECONDS, Head, Lease, NameTaken, Node
from persistence.postgres.database.bridge import Database, Record
from protocol.model import ChannelId, MessageId, UserId, WorkspaceId

_RENEW: Final = "SELECT name, start, address, version FROM renew_node($1, $2, $3, $4, $5, $6)"
_LEAVE: Final = "DELETE FROM nodes WHERE name = $1 AND start = $2"
_LEASES: Final = """
    SELECT name, start, address, version, connections, since, seen_at,
           seen_at >= clock_timestamp() - make_interval(secs => $1) AS holds
      FROM nodes
     WHERE seen_at >= clock_timestamp() - interval '1 day'
     ORDER BY name
"""
# Two subqueries, each with its own index; a channel may be in both.
_HEADS: Final = """
    SELECT c.id, c.last_seq, c.last_rev, c.user_lo, c.user_hi, c.workspace_id
      FROM channels c
     WHERE c.id IN (SELECT m.channel_id FROM messages m WHERE m.id > $1
                    UNION
                    SELECT r.id FROM channels r WHERE r.revised_id > 0 AND r.revised_id > $1)
     ORDER BY c.id
"""


@frozen
class PostgresNodes:
    """Implements `persistence.nodes.Nodes`.

    Args:
        database: the server.
    """

    database: Database

    async def cell(self) -> str:
        """See the interface."""
        row = await self.database.fetch_one("SELECT name FROM cells")
        if row is None:
            raise LookupError("there is always one cell")
        return str(row["name"])

    async def renew(self, node: Node, *, connections: int) -> Sequence[Node]:
        """See the interface."""
        rows = await self.database.fetch(
            _RENEW, node.name, node.start, node.address, node.version, connections, LEASE_SECONDS
        )
        found = [_node(row) for row in rows]
        if all(each.start != node.start for each in found):
            raise NameTaken(f"another node that lives is called {node.name}")
        return found

    async def leave(self, node: Node) -> None:
        """See the interface."""
        await self.database.fetch(_LEAVE, node.name, node.start)

    async def leases(self) -> Sequence[Lease]:
        """See the interface."""
        return [
            Lease(_node(row), row["connections"], row["since"], row["seen_at"], row["holds"])
            for row in await self.database.fetch(_LEASES, LEASE_SECONDS)
        ]

    async def heads_above(self, above: MessageId) -> Sequence[Head]:
        """See the interface."""
        return [
            Head(
                ChannelId(row["id"]),
                row["last_seq"],
                row["last_rev"],
                None
                if row["user_lo"] is None
                else (UserId(row["user_lo"]), UserId(row["user_hi"])),
                None if row["workspace_id"] is None else WorkspaceId(row["workspace_id"]),
            )
            for row in await self.database.fetch(_HEADS, above)
        ]


def _node(row: Record) -> Node:
    return Node(row["name"], row["start"], row["address"], row["version"])
