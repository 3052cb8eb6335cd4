"""Presence of users: which users get it, and after which grace period."""

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.posting import private_message
from tests.support.quiet import until_quiet
from tests.support.school import on_gateway, open_school
from tests.support.stores.intercept import Interception, Late
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


@pytest.mark.parametrize(
    ("path", "is_shown"),
    [("/ws", True), ("/ws/chat", False), ("/messagepal", False)],
)
async def test_an_audience_is_looked_up_only_if_a_connected_dialect_shows_presence(
    memory_store: Store, autojump_clock: MockClock, path: str, is_shown: bool
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store), presence_grace=1.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        _, goes = await ann.open(path), await ben.open(path)
        await trio.sleep(1)
        outage.begin()
        with capture_logs() as logs:
            await goes.close_in_silence()
            await trio.sleep(5)  # grace, and a retry
        failed = {line["event"] for line in logs}
        assert ("presence_not_checked" in failed) is is_shown
        outage.end()


async def test_presence_is_sent_to_related_users_only(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve")
    await world.store.relations.request_follow(ann.id, ben.id)
    bens, eves = await ben.open(), await eve.open()
    anns = await ann.open()
    online = {"type": "user_online_status", "user_id": ann.id, "is_online": True}
    assert await bens.receive() == online
    await anns.close_in_silence()
    assert await bens.receive() == {**online, "is_online": False}
    await eves.close_in_silence()


async def test_presence_is_per_user_not_per_socket(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await world.store.relations.request_follow(ann.id, ben.id)
    bens = await ben.open()
    first = await ann.open()
    assert (await bens.receive())["is_online"] is True
    second = await ann.open()
    await first.close_in_silence(besides={"user_online_status"})  # that Ben is here
    await second.send(private_message(ben))
    assert (await bens.receive())["type"] == "private_message"
    assert (await second.receive_type("private_message"))["recipient_id"] == ben.id
    await second.close_in_silence(besides={"user_online_status"})
    assert (await bens.receive())["is_online"] is False


async def test_a_user_is_announced_as_offline_after_the_grace_period(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    await timed_world.store.relations.request_follow(ann.id, ben.id)
    bens, anns = await ben.open(), await ann.open()
    assert (await bens.receive())["is_online"] is True
    await anns.close_in_silence()
    left = trio.current_time()
    assert ann.id in timed_world.services.presence.online()
    assert (await bens.receive())["is_online"] is False
    assert trio.current_time() - left == pytest.approx(5.0)
    assert ann.id not in timed_world.services.presence.online()


async def test_a_reconnect_within_the_grace_period_is_not_announced(
    timed_world: World, autojump_clock: MockClock
) -> None:
    ann, ben = await timed_world.person("ann"), await timed_world.person("ben")
    await timed_world.store.relations.request_follow(ann.id, ben.id)
    bens, anns = await ben.open(), await ann.open()
    await bens.receive()
    for _ in range(3):
        await anns.close_in_silence()
        await trio.sleep(4)
        anns = await ann.open()
    await trio.sleep(30)
    await bens.is_silent()


async def test_presence_is_sent_to_all_users_if_the_setting_is_everyone(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store, presence_audience="everyone") as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        bens = await ben.open()
        await ann.open()
        assert await bens.receive() == {
            "type": "user_online_status",
            "user_id": ann.id,
            "is_online": True,
        }


async def test_presence_is_announced_when_the_store_is_back(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await world.store.relations.request_follow(ann.id, ben.id)
        bens, anns = await ben.open(), await ann.open()
        assert (await bens.receive())["is_online"] is True
        outage.begin()
        await anns.close_in_silence()
        await world.until_gone(ann.id)
        await trio.sleep(10)  # the grace period is over, and it cannot be announced
        assert ann.id in world.services.presence.online()
        await bens.is_silent()
        outage.end()
        assert await bens.receive() == {
            "type": "user_online_status", "user_id": ann.id, "is_online": False,
        }  # fmt: skip


async def test_the_end_of_a_membership_applies_to_a_lookup_in_flight(memory_store: Store) -> None:
    memberships, late = Interception("workspaces", "of_users"), Late()
    async with open_world(memberships.over(memory_store)) as world:
        school = await open_school(world)
        await world.store.relations.request_follow(school.ann.id, school.ben.id)
        await world.store.relations.accept_follow(school.ben.id, school.ann.id)
        bens = await on_gateway(school.ben)
        memberships.way = late
        (await school.ann.open("/ws")).ignoring("user_online_status")
        await late.carried_out.wait()
        memberships.way = None
        ids = school.workspace.id, school.ann.id
        await world.store.workspaces.remove_member(*ids, by=school.tea.id)
        await until_quiet()
        late.may_arrive.set()
        assert (await bens.receive())["t"] == "GUILD_MEMBER_REMOVE"
        await bens.is_silent()
