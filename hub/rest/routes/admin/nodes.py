"""The nodes of one database, as operators see them. See docs/dialects/admin.md."""

from typing import Final

from hub.cluster.node import KnownNode
from hub.rest.endpoint import JSON, Call
from hub.rest.routes.admin.gate import GATED, AdminEndpoint
from protocol.admin import ADMIN, NodeObject, NodesObject
from protocol.shapes.timestamps import timestamp


async def show_nodes(call: Call) -> JSON[NodesObject]:
    """The nodes, and what this one knows of the bulletins of each."""
    cluster = call.services.cluster
    if cluster is None:
        return JSON({"asked": None, "is_apart": False, "nodes": []})
    nodes = [_node_object(each) for each in await cluster.known()]
    return JSON({"asked": cluster.name, "is_apart": cluster.is_apart, "nodes": nodes})


def _node_object(known: KnownNode) -> NodeObject:
    lease = known.lease
    return {
        "name": lease.node.name,
        "version": lease.node.version,
        "address": lease.node.address,
        "connections": lease.connections,
        "since": timestamp(lease.since),
        "renewed_at": timestamp(lease.renewed_at),
        "lives": lease.holds,
        "silent_ms": None if known.silence is None else round(known.silence * 1_000),
        "missing": known.missing,
    }


SURFACE: Final = ADMIN
ENDPOINTS: Final = (
    AdminEndpoint(
        "GET",
        "/admin/nodes",
        "List the nodes that serve the database",
        show_nodes,
        {200: "the nodes", **GATED},
    ),
)
