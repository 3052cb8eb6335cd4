"""The nodes that serve one database: their leases, and the heads of the log that a node may have
missed; a part of `persistence.interface`.

Guarantees: no two live nodes have the same name; a node that does not renew its lease within
`LEASE_SECONDS` of the database's clock counts as dead. Must not know: what nodes publish to each
other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from attrs import frozen

from persistence.records import StoreError
from protocol.model import ChannelId, MessageId, UserId, WorkspaceId

LEASE_SECONDS: Final = 6.0


class NameTaken(StoreError):
    """Another live node has this name."""


@frozen
class Node:
    """A hub among those of one database.

    Args:
        name: given by operators.
        start: a text that differs for each start of the node.
        address: where other nodes reach it, `host:port`; None: they cannot.
        version: of Parlour.
    """

    name: str
    start: str
    address: str | None
    version: str


@frozen
class Lease:
    """The lease of a node, with what the node reported at its last renewal.

    Args:
        node: the node.
        connections: how many it had then.
        since: when it started.
        renewed_at: the time of the last renewal.
        holds: whether that is less than `LEASE_SECONDS` ago.
    """

    node: Node
    connections: int
    since: datetime
    renewed_at: datetime
    holds: bool


@frozen
class Head:
    """The last seq and rev of a channel.

    `pair`: the two users of a dm, else None; `workspace_id`: the workspace of the channel, or None.
    """

    channel_id: ChannelId
    last_seq: int
    last_rev: int
    pair: tuple[UserId, UserId] | None
    workspace_id: WorkspaceId | None


class Nodes(Protocol):
    """The nodes, and the heads of the log."""

    async def cell(self) -> str:
        """The name of the cell of this database's nodes. Raises StoreUnavailable."""

    async def renew(self, node: Node, *, connections: int) -> Sequence[Node]:
        """Renew the lease of a node that has so many connections; returns all live nodes, by name.

        Raises:
            NameTaken: another live node has its name.
            StoreUnavailable: the lease cannot be renewed now.
        """

    async def leave(self, node: Node) -> None:
        """End a node's lease, unless another node has taken its name. Raises StoreUnavailable."""

    async def leases(self) -> Sequence[Lease]:
        """The leases of live nodes, and of nodes that died within the last day, by name. Raises
        StoreUnavailable.
        """

    async def heads_above(self, above: MessageId) -> Sequence[Head]:
        """The heads of the channels in which a message with an id above `above` was stored, or a
        message was revised since the newest message had that id. One statement. Raises
        StoreUnavailable.
        """
