"""The figures of a hub that is one of several nodes."""

from collections.abc import Mapping

import trio
from prometheus_client.parser import text_string_to_metric_families
from trio.testing import MockClock

from persistence.bus.memory import Medium
from tests.support.cluster.worlds import OneNode, open_nodes
from tests.support.posting import write


def shown(node: OneNode) -> Mapping[str, float]:
    """The figures without labels, by name."""
    families = text_string_to_metric_families(node.world.services.metrics.text())
    return {
        sample.name.removeprefix("parlour_"): sample.value
        for family in families
        for sample in family.samples
        if not sample.labels
    }


async def test_the_bulletins_that_a_node_publishes_and_receives_are_counted(
    autojump_clock: MockClock,
) -> None:
    medium = Medium()
    async with open_nodes(2, medium) as (north, south):
        ann, ben = await north.world.people("ann", "ben")
        await trio.sleep(3)
        before = shown(south)
        await write(north.world, ann.user, ben.user, "one", "two")
        await trio.sleep(2)
        after = shown(south)
        assert after["bulletins_received_total"] == before["bulletins_received_total"] + 2
        assert (after["nodes_living"], after["node_apart"]) == (2, 0)
        assert shown(north)["bulletins_published_total"] > 2
        await north.bus.publish(b"nonsense")
        await trio.sleep(1)
        assert shown(south)["bulletins_unreadable_total"] == 1
        assert shown(south)["bulletin_gaps_total"] == before["bulletin_gaps_total"]


async def test_a_node_that_cannot_reach_its_bus_is_shown_as_apart(
    autojump_clock: MockClock,
) -> None:
    medium = Medium()
    async with open_nodes(2, medium) as (north, _):
        ann, ben = await north.world.people("ann", "ben")
        await trio.sleep(3)
        before = shown(north)
        medium.stop()
        await write(north.world, ann.user, ben.user, "one")
        await trio.sleep(5)
        away = shown(north)
        assert away["node_apart"] == 1
        assert away["bus_failures_total"] > before["bus_failures_total"]
        assert away["bulletins_dropped_total"] == before["bulletins_dropped_total"] + 1
        assert away["log_repairs_total"] > before["log_repairs_total"] + 2
        medium.start()
        await trio.sleep(5)
        assert shown(north)["node_apart"] == 0
        assert shown(north)["bulletins_waiting"] == 0


async def test_a_node_that_is_alone_has_received_nothing(autojump_clock: MockClock) -> None:
    async with open_nodes(1) as (node,):
        await trio.sleep(3)
        found = shown(node)
        assert (found["nodes_living"], found["bulletins_received_total"]) == (1, 0)
        assert 0 <= found["bus_delay_seconds"] < 1
        assert found["forwarded_open"] == found["forwarding_failures_total"] == 0
