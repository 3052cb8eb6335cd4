"""The nodes that serve one database: who lives, and what the log has that one may not know; a part
of `persistence.interface`.

Guarantees: of two nodes that live, no two have one name; whoever does not renew its lease within
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
    """Another node that lives has this name."""


@frozen
class Node:
    """A hub among those of one database.

    Args:
        name: what operators call it.
        start: another text each time that it begins.
        address: where the others reach it, `host:port`; None: nowhere.
        version: of Parlour.
    """

    name: str
    start: str
    address: str | None
    version: str


@frozen
class Lease:
    """What a node has said of itself.

    Args:
        node: which.
        connections: how many it had then.
        since: when it began.
        renewed_at: when it was said last.
        holds: whether that is less than `LEASE_SECONDS` ago.
    """

    node: Node
    connections: int
    since: datetime
    renewed_at: datetime
    holds: bool


@frozen
class Head:
    """How far the log of a channel has come.

    `pair`: the two of a dm, else None; `workspace_id`: whose channel it is, else None.
    """

    channel_id: ChannelId
    last_seq: int
    last_rev: int
    pair: tuple[UserId, UserId] | None
    workspace_id: WorkspaceId | None


class Nodes(Protocol):
    """The nodes, and how far the log has come."""

    async def cell(self) -> str:
        """What the nodes of this database are called together. Raises StoreUnavailable."""

    async def renew(self, node: Node, *, connections: int) -> Sequence[Node]:
        """Say that a node lives, with so many connections; returns all that do, by name.

        Raises:
            NameTaken: another one has its name.
            StoreUnavailable: it cannot be said now.
        """

    async def leave(self, node: Node) -> None:
        """Say that a node has ended, if nobody else has taken its name. Raises StoreUnavailable."""

    async def leases(self) -> Sequence[Lease]:
        """Those of the nodes that live, and of those that were killed within the last day, by name.
        Raises StoreUnavailable.
        """

    async def heads_above(self, above: MessageId) -> Sequence[Head]:
        """The channels in which a message with an id above this one was stored, or one was changed
        since the newest message had this id. One statement. Raises StoreUnavailable.
        """
