"""Who follows a workspace: its members, as soon as they are, and only as long as they are, whatever
the order in which the store's answers arrive.
"""

from typing import Any

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from persistence.interface import Store
from persistence.records import StoreUnavailable
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post
from tests.support.school import School, open_school
from tests.support.stores.intercept import Interception, Late
from tests.support.world import Person, open_world


async def identified(person: Person) -> WebSocket:
    """A connection that follows its user's workspaces, whose presence these tests are not about."""
    socket = (await person.connect("/gateway")).ignoring("PRESENCE_UPDATE")
    await socket.send({"op": "IDENTIFY", "d": {"userId": person.id}})
    await socket.receive_type("READY")
    return socket


async def set_member(school: School, person: Person, *, is_member: bool) -> int:
    """As the owner; returns the status."""
    path = f"/learning_platform/api/workspaces/{school.workspace.id}/members"
    if is_member:
        reply = await school.tea.ask("POST", path, {"userId": person.id})
    else:
        reply = await school.tea.ask("DELETE", f"{path}/{person.id}")
    return reply.status


async def test_an_addition_whose_answer_was_lost_is_announced_when_it_is_repeated(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async def lose(call: Any, *args: Any) -> Any:
        await call(*args)
        raise StoreUnavailable("the answer is lost")

    adding = Interception("workspaces", "add_member")
    async with open_world(adding.over(memory_store)) as world:
        school = await open_school(world)
        ann, eve = await identified(school.ann), await identified(school.eve)
        adding.way = lose
        assert await set_member(school, school.eve, is_member=True) == 503
        adding.way = None
        assert await set_member(school, school.eve, is_member=True) == 200
        await post(world, school.ann.user, school.general, "welcome")
        for socket in (ann, eve):
            assert (await socket.receive_type("GUILD_MEMBER_ADD"))["d"]["userId"] == school.eve.id
            assert (await socket.receive_type("MESSAGE_CREATE"))["d"]["content"] == "welcome"


async def test_who_is_removed_before_the_addition_is_answered_stays_outside(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    adding, late = Interception("workspaces", "add_member"), Late()
    async with open_world(adding.over(memory_store)) as world, trio.open_nursery() as nursery:
        school = await open_school(world)
        eve = await identified(school.eve)
        adding.way = late
        nursery.start_soon(lambda: set_member(school, school.eve, is_member=True))
        await late.carried_out.wait()
        assert await set_member(school, school.eve, is_member=False) == 200
        await wait_all_tasks_blocked()  # the removal was acted on
        late.may_arrive.set()
        await wait_all_tasks_blocked()
        await post(world, school.ann.user, school.general, "secret")
        await eve.is_silent()


async def test_who_is_added_while_the_removal_is_looked_up_stays_inside(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    looking, late = Interception("workspaces", "get"), Late()
    async with open_world(looking.over(memory_store)) as world:
        school = await open_school(world)
        ben = await identified(school.ben)
        looking.way = late
        await memory_store.workspaces.remove_member(school.workspace.id, school.ben.id)
        await late.carried_out.wait()
        looking.way = None
        assert await set_member(school, school.ben, is_member=True) == 200
        late.may_arrive.set()
        await wait_all_tasks_blocked()
        await post(school.world, school.ann.user, school.general, "welcome back")
        await ben.receive_type("GUILD_MEMBER_ADD")
        await ben.receive_type("MESSAGE_CREATE")


async def test_the_notice_is_the_last_that_a_former_member_is_sent(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """Also when the store answers nothing more about members."""

    async def fail(call: Any, *args: Any) -> Any:
        raise StoreUnavailable("away")

    asking = Interception("workspaces", "of_users")
    async with open_world(asking.over(memory_store)) as world:
        school = await open_school(world)
        ben = await identified(school.ben)
        asking.way = fail
        assert await set_member(school, school.ben, is_member=False) == 200
        await ben.receive_type("GUILD_MEMBER_REMOVE")
        await post(world, school.ann.user, school.general, "secret")
        await ben.is_silent()
