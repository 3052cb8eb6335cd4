"""The nodes of one database, and the heads of its log, in both stores."""

import pytest

from persistence.interface import Store
from persistence.nodes import Head, NameTaken, Node
from persistence.records import Draft
from protocol.model import MessageId
from protocol.revisions import Edit
from tests.support.stores.records import make_channel, make_users, post_one, revised, say

NORTH = Node("north", "n1", "10.0.0.1:8000", "1.0")
SOUTH = Node("south", "s1", None, "1.0")


async def test_nodes_that_renew_their_lease_are_listed_until_they_leave(store: Store) -> None:
    assert await store.nodes.renew(SOUTH, connections=0) == [SOUTH]
    assert await store.nodes.renew(NORTH, connections=7) == [NORTH, SOUTH]
    assert await store.nodes.renew(SOUTH, connections=1) == [NORTH, SOUTH]
    await store.nodes.leave(NORTH)
    assert await store.nodes.renew(SOUTH, connections=1) == [SOUTH]


async def test_a_name_belongs_to_one_node(store: Store) -> None:
    await store.nodes.renew(NORTH, connections=0)
    again = Node("north", "n2", None, "1.0")
    with pytest.raises(NameTaken, match="north"):
        await store.nodes.renew(again, connections=0)
    await store.nodes.leave(again)  # it has never had the name
    assert await store.nodes.renew(NORTH, connections=0) == [NORTH]
    await store.nodes.leave(NORTH)
    assert await store.nodes.renew(again, connections=0) == [again]


async def test_leases_have_what_the_nodes_reported(store: Store) -> None:
    await store.nodes.renew(SOUTH, connections=0)
    await store.nodes.renew(NORTH, connections=7)
    await store.nodes.renew(NORTH, connections=8)
    north, south = await store.nodes.leases()
    assert (north.node, north.connections, north.holds) == (NORTH, 8, True)
    assert (south.node, south.connections, south.holds) == (SOUTH, 0, True)
    assert south.since == south.renewed_at <= north.since <= north.renewed_at
    await store.nodes.leave(NORTH)
    again = Node("north", "n2", None, "1.1")
    await store.nodes.renew(again, connections=0)
    renewed, _ = await store.nodes.leases()
    assert renewed.node == again
    assert renewed.since >= north.renewed_at


async def test_heads_above_an_id_are_those_of_channels_that_changed_since(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    room = await make_channel(store, ann, ben)
    start = await store.messages.last_id()
    (first,) = await say(store, ann, room, "one")
    dm = await post_one(store, Draft(ann.id, ben.id, "two"))
    heads = {each.channel_id: each for each in await store.nodes.heads_above(start)}
    assert heads == {
        room.id: Head(room.id, 1, 0, None, room.workspace_id),
        dm.channel_id: Head(dm.channel_id, 1, 0, (ann.id, ben.id), None),
    }
    newest = await store.messages.last_id()
    assert await store.nodes.heads_above(newest) == []
    await revised(store, first.id, Edit("three"), by=ann.id)
    assert await store.nodes.heads_above(newest) == [Head(room.id, 1, 1, None, room.workspace_id)]
    assert await store.nodes.heads_above(MessageId(0)) != []
