"""The users of a node that ends, or seems to: killed, stopped in order, restarted, or deaf."""

import trio
from trio.testing import MockClock

from persistence.bus.memory import Medium
from tests.support.cluster.presence import ONLINE, related, status, watched
from tests.support.cluster.worlds import new_store, open_node, open_nodes
from tests.support.school import open_school


async def test_the_users_of_a_node_that_dies_are_offline_after_its_end_and_a_grace_period(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(3) as (a, b, c):
        ann, ben = await related(a.world)
        eve = await a.world.person("eve")
        await a.world.store.relations.request_follow(eve.id, ben.id)
        bens, elsewhere = await b.at(ben).open(), await c.at(ben).open()
        await a.at(ann).open()
        await a.at(eve).open()
        for socket in (bens, elsewhere):
            await socket.past(ONLINE)
        a.die()
        died = trio.current_time()
        backs = (await c.at(eve).open()).ignoring(ONLINE)
        assert await bens.receive() == await elsewhere.receive() == status(ann, is_online=False)
        assert 11.0 <= trio.current_time() - died <= 14.0  # its lease, and grace
        await trio.sleep(20)
        await bens.is_silent()
        await elsewhere.is_silent()
        await backs.close_in_silence()
        assert (await bens.receive())["user_id"] == eve.id
        await elsewhere.past(ONLINE)
        for socket in a.world.sockets:
            await socket.past(ONLINE)


async def test_users_of_a_node_that_stops_in_order_go_offline_after_the_time_it_names(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, _, anns, bens = await watched(b, a)
        said = trio.current_time()
        await a.say_goodbye(12.0)
        assert await bens.receive() == status(ann, is_online=False)
        assert trio.current_time() - said == 12.0
        await anns.past(ONLINE)


async def test_a_user_who_is_handed_over_goes_offline_only_if_not_back_in_time(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, ben = await related(a.world)
        eve = await a.world.person("eve")
        await a.world.store.relations.request_follow(eve.id, ben.id)
        bens = await b.at(ben).open()
        anns, eves = await ann.open(), (await eve.open()).ignoring(ONLINE)
        await trio.sleep(1)
        await bens.past(ONLINE)
        a.world.services.from_elsewhere.hand_over()
        for socket in (anns, eves):
            await socket.close_in_silence()
        await trio.sleep(25)
        await b.at(ann).open()
        await a.say_goodbye(10.0)
        await trio.sleep(9)
        await bens.is_silent()
        await trio.sleep(2)
        assert await bens.receive() == status(eve, is_online=False)


async def test_a_user_who_is_handed_over_stays_in_channels_until_announced_as_offline(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        school = await open_school(a.world)
        anns = (await school.join(school.ann)).ignoring("user_presence")
        teas = (await school.join(school.tea)).ignoring("user_presence")
        bens = await b.at(school.ben).open("/ws/chat")
        await bens.send({"type": "join_channel", "channelId": school.general.id})
        await trio.sleep(1)
        await bens.past("joined_channel", "user_presence")
        a.world.services.from_elsewhere.hand_over()
        for socket in (anns, teas):
            await socket.close_in_silence()
        await trio.sleep(25)
        back = (await b.at(school.ann).open("/ws/chat")).ignoring("user_presence")
        await back.send({"type": "join_channel", "channelId": school.general.id})
        await back.receive_type("joined_channel")
        await a.say_goodbye(10.0)
        await trio.sleep(9)
        await bens.is_silent()
        await trio.sleep(2)
        gone = await bens.receive_type("user_presence")
        assert (gone["userId"], gone["status"]) == (school.tea.id, "offline")


async def test_a_restarted_node_has_none_of_its_former_users(
    autojump_clock: MockClock,
) -> None:
    store, medium = new_store(), Medium()
    async with open_node(store, medium, "b") as b, open_node(store, medium, "a") as a:
        ann, _, anns, bens = await watched(b, a)
        a.die()
        await a.end_lease()
        async with open_node(store, medium, "a"):
            assert await bens.receive() == status(ann, is_online=False)
            await trio.sleep(15)
            await bens.is_silent()
        await anns.past(ONLINE)


async def test_a_node_that_gets_no_bulletins_announces_no_user_as_offline(
    autojump_clock: MockClock,
) -> None:
    async with open_nodes(2) as (a, b):
        ann, _, anns, bens = await watched(a, a)
        a.bus.is_deaf = True
        await trio.sleep(4)
        await anns.close_in_silence()
        back = (await b.at(ann).open()).ignoring(ONLINE)
        await trio.sleep(15)
        await bens.is_silent()
        a.bus.is_deaf = False
        await trio.sleep(15)
        await bens.is_silent()
        await back.close_in_silence()
        assert await bens.receive() == status(ann, is_online=False)
