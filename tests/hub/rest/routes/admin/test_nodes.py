"""The nodes of a database, as operators see them."""

import trio
from trio.testing import MockClock

from hub.cli.operators.lines import node_lines
from persistence.bus.memory import Medium, Weather
from persistence.interface import Store
from tests.support.clients.operators import TOKEN, Operators, operated
from tests.support.cluster.worlds import open_nodes
from tests.support.posting import write


async def test_a_hub_without_a_bus_lists_no_nodes(memory_store: Store) -> None:
    async with operated(memory_store) as (_, operators):
        found = await operators.seen("/admin/nodes")
        assert found == {"asked": None, "is_apart": False, "nodes": []}
        assert list(node_lines(found)) == ["This hub serves its database alone: it has no bus"]


async def test_every_live_node_is_listed_with_its_state(autojump_clock: MockClock) -> None:
    async with open_nodes(2, admin_token=TOKEN) as (a, b):
        ann = await b.world.person("ann")
        socket = await ann.open()
        await trio.sleep(3)
        found = await Operators(a.world).seen("/admin/nodes")
        assert (found["asked"], found["is_apart"]) == ("a", False)
        own, other = found["nodes"]
        assert [(each["name"], each["connections"]) for each in (own, other)] == [
            ("a", 0),
            ("b", 1),
        ]
        assert own["lives"] is other["lives"] is True
        assert 0 <= own["silent_ms"] <= 1_000 >= other["silent_ms"] >= 0
        assert own["missing"] == other["missing"] == 0
        head, *rows = node_lines(found)
        assert head.split() == [
            "node", "state", "heard", "missing", "connections", "version", "since", "address"
        ]  # fmt: skip
        assert [row.split("  ")[0] for row in rows] == ["a", "b"]
        assert "lives, was asked" in rows[0]
        await socket.close_in_silence()


async def test_a_silent_node_is_shown_as_lost_once_its_lease_has_ended(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2, admin_token=TOKEN) as (a, b):
        await trio.sleep(3)
        b.die()
        await trio.sleep(5)
        found = await Operators(a.world).seen("/admin/nodes")
        assert found["is_apart"]
        assert found["nodes"][1]["silent_ms"] > 4_000
        assert "a does not hear everybody, and reads the log instead" in node_lines(found)
        await trio.sleep(5)
        found = await Operators(a.world).seen("/admin/nodes")
        assert [each["lives"] for each in found["nodes"]] == [True, False]
        assert (found["is_apart"], found["nodes"][1]["silent_ms"]) == (False, None)
        (row,) = [line for line in node_lines(found) if line.startswith("b ")]
        assert "lost at" in row
        assert "never" in row


async def test_missing_bulletins_of_a_node_are_counted(autojump_clock: MockClock) -> None:
    medium = Medium()
    async with open_nodes(2, medium, admin_token=TOKEN) as (a, b):
        ann, ben = await b.world.people("ann", "ben")
        await trio.sleep(2)
        medium.weather = Weather(lost=1.0)
        await write(b.world, ann.user, ben.user, "hi")
        await trio.sleep(0.5)
        medium.weather = Weather()
        await trio.sleep(1)
        found = await Operators(a.world).seen("/admin/nodes")
        assert found["nodes"][1]["missing"] == 1
