"""Connections of Socket.IO that are recovered at another node than the one where they were."""

import trio
from attrs import evolve
from trio.testing import MockClock

from hub.cluster.bulletins import Takeover
from tests.support.clients.recovery import contents, enter, offset, say
from tests.support.clients.socketio import channel_of
from tests.support.cluster.worlds import OneNode, open_nodes
from tests.support.school import School, open_school


async def at(node: OneNode, school: School) -> School:
    """The same school, at another node."""
    return evolve(school, world=node.world, ann=node.at(school.ann), ben=node.at(school.ben))


async def test_a_connection_is_closed_once_when_it_is_recovered_at_another_node(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (north, south):
        school = await open_school(north.world)
        there = await at(south, school)
        old, first = await enter(school.ben)
        await old.ask("room:join", channel_of(school))
        await say(school, school.ann.user, "1")
        assert await contents(old, 1) == ["1"]
        await say(school, school.ann.user, "2")
        assert (await old.event())[0] == "message:new"
        last = await offset(old)
        await trio.sleep(0.01)
        new, again = await enter(there.ben, pid=first["pid"], offset=last)
        assert again == first  # the client takes it as recovered
        began = trio.current_time()
        assert (await old.socket.closed()).code == 1001
        assert trio.current_time() - began < 1
        await say(there, school.ann.user, "3")
        assert await contents(new, 1) == ["3"]
        await trio.sleep(1)
        await new.socket.is_silent()


async def test_a_late_takeover_does_not_close_a_newer_connection(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (north, south):
        school = await open_school(north.world)
        there = await at(south, school)
        heard: list[Takeover] = []
        taken = north.world.services.from_elsewhere.take_overs
        taken.append(heard.extend)
        old, first = await enter(school.ben)
        await old.ask("room:join", channel_of(school))
        await trio.sleep(0.01)
        middle, _ = await enter(there.ben, pid=first["pid"])
        assert (await old.socket.closed()).code == 1001
        await trio.sleep(0.01)
        new, again = await enter(school.ben, pid=first["pid"])
        assert again == first
        assert (await middle.socket.closed()).code == 1001
        assert len(heard) == 1
        for take in taken[:-1]:
            take(heard)  # it arrives once more, when the client is back
        await new.socket.is_silent()
        await say(school, school.ann.user, "1")
        assert await contents(new, 1) == ["1"]


async def test_a_connection_that_recovers_another_one_closes_no_third(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (north, south):
        school = await open_school(north.world)
        there = await at(south, school)
        other, _ = await enter(school.ben)
        old, first = await enter(school.ben)
        await trio.sleep(0.01)
        await enter(there.ben, pid=first["pid"])
        assert (await old.socket.closed()).code == 1001
        await trio.sleep(1)
        await other.socket.is_silent()
