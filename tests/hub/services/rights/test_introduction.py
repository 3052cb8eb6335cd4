"""When a relation begins, both users get at once the event that the other is online, and when it
ends the event that the other is offline.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import Store
from persistence.records import ProfileChange
from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.school import on_gateway, open_school
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.stores.intercept import Interception, Late
from tests.support.world import Person, World, open_world

Begin: TypeAlias = Callable[[World, Person, Person], Awaitable[object]]


def status(person: Person, *, online: bool) -> dict[str, object]:
    return {"type": "user_online_status", "user_id": person.id, "is_online": online}


async def follow(world: World, ann: Person, ben: Person) -> None:
    await world.store.relations.request_follow(ann.id, ben.id)


async def ask_and_accept(world: World, ann: Person, ben: Person) -> None:
    await world.store.accounts.change_profile(ben.id, ProfileChange(is_public=False))
    await world.store.relations.request_follow(ann.id, ben.id)
    await until_quiet()
    await world.store.relations.accept_follow(ben.id, ann.id)


async def write_and_answer(world: World, ann: Person, ben: Person) -> None:
    await write(world, ann.user, ben.user, "hello")
    await until_quiet()
    await write(world, ben.user, ann.user, "hi")


async def accept_a_message(world: World, ann: Person, ben: Person) -> None:
    await write(world, ann.user, ben.user, "hello")
    await until_quiet()
    await world.store.relations.accept_message_request(ben.id, ann.id)


async def share_a_workspace(world: World, ann: Person, ben: Person) -> None:
    workspace = await world.store.workspaces.create(ann.id, "School", None)
    await world.store.workspaces.add_member(workspace.id, ben.id, by=ann.id)


@pytest.mark.parametrize(
    "begin", [follow, ask_and_accept, write_and_answer, accept_a_message, share_a_workspace]
)
async def test_both_users_are_shown_as_online_when_a_relation_begins(
    world: World, begin: Begin
) -> None:
    ann, ben = await world.people("ann", "ben")
    eve = await world.person("eve")
    anns, bens, eves = await ann.open(), await ben.open(), await eve.open()
    for socket in (anns, bens):
        socket.ignoring("private_message", "message_request")
    await begin(world, ann, ben)
    for socket, other in ((anns, ben), (bens, ann)):
        assert await socket.receive() == status(other, online=True)
        socket.ignoring("user_online_status")  # again: the owner is a new member as well
    await eves.is_silent()


async def test_an_unanswered_request_does_not_reveal_the_recipients_presence(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    anns.ignoring("private_message")
    bens.ignoring("private_message")
    await write(world, ann.user, ben.user, "hello", "hello?")
    await bens.close_in_silence()
    await ben.open()
    await anns.is_silent()


async def test_the_end_of_a_block_shows_both_users_to_each_other_everywhere(world: World) -> None:
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    await world.store.relations.block(ann.id, ben.id)
    anns, bens = await ann.open(), await ben.open()
    chat = await school.join(ben)
    gateway = await on_gateway(ben)
    anns_chat = await school.join(ann)
    await world.store.relations.unblock(ann.id, ben.id)
    assert await anns.receive() == status(ben, online=True)
    assert await bens.receive() == status(ann, online=True)
    for socket, other in ((chat, ann), (anns_chat, ben)):
        shown = await socket.receive_type("user_presence")
        assert (shown["userId"], shown["status"]) == (other.id, "online")
    update = (await gateway.receive_type("PRESENCE_UPDATE"))["d"]
    assert (update["userId"], update["status"]) == (ann.id, "online")


async def test_a_profile_that_turns_public_shows_both_users_of_a_conversation(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await write(world, ann.user, ben.user, "1")
    await write(world, ben.user, ann.user, "2")
    anns, bens = await ann.open(), await ben.open()
    assert await anns.receive() == status(ben, online=True)
    for person in (ann, ben):
        await world.store.accounts.change_profile(person.id, ProfileChange(is_public=False))
    for socket in (anns, bens):
        await socket.expect("revoked")
        socket.ignoring("revoked")
    await world.store.accounts.change_profile(ann.id, ProfileChange(is_public=True))
    for socket, other in ((anns, ben), (bens, ann)):
        while (told := await socket.receive()) != status(other, online=True):
            assert told == status(other, online=False)


async def test_a_user_removed_from_the_only_common_workspace_is_shown_as_offline(
    world: World,
) -> None:
    school = await open_school(world)
    ann, ben, tea = school.ann, school.ben, school.tea
    await world.store.relations.request_follow(tea.id, ben.id)
    anns, bens = await ann.open(), await ben.open()
    assert await anns.receive() == status(ben, online=True)
    teas = await tea.open()
    assert await anns.receive() == await bens.receive() == status(tea, online=True)
    await world.store.workspaces.remove_member(school.workspace.id, ben.id, by=tea.id)
    assert await anns.receive() == status(ben, online=False)
    assert await bens.receive() == status(ann, online=False)
    await teas.is_silent()  # she follows Ben


@pytest.mark.parametrize("table", ["workspaces WHERE id", "workspace_members WHERE workspace_id"])
async def test_members_are_shown_as_offline_when_a_workspace_or_its_memberships_are_deleted(
    databases: Databases, table: str, mock_clock: MockClock
) -> None:
    async with (
        databases.reused() as dsn,
        open_store(dsn) as store,
        open_world(store, presence_grace=0.0) as world,
    ):
        school = await open_school(world)
        people = [school.tea, school.ann, school.ben]
        sockets = [await person.open() for person in people]
        await sockets[0].receive(), await sockets[0].receive(), await sockets[1].receive()
        await execute(dsn, f"DELETE FROM {table} = {school.workspace.id}")
        for socket, me in zip(sockets, people, strict=True):
            found = [(await socket.receive()) for _ in range(2)]
            others = [person for person in people if person is not me]
            assert all(status(other, online=False) in found for other in others)


async def test_a_new_member_is_announced_before_presence_is_sent(memory_store: Store) -> None:
    """Also if the change is noticed before the statement that made it returns."""
    adding, late = Interception("workspaces", "add_member"), Late()
    async with open_world(adding.over(memory_store)) as world, trio.open_nursery() as nursery:
        school = await open_school(world)
        ben, eve = await on_gateway(school.ben), await on_gateway(school.eve)
        path = f"/api/workspaces/{school.workspace.id}/members"
        adding.way = late
        nursery.start_soon(school.tea.ask, "POST", path, {"userId": school.eve.id})
        await late.carried_out.wait()
        await until_quiet()
        late.may_arrive.set()
        for socket, other in ((ben, school.eve), (eve, school.ben)):
            added = (await socket.receive_type("GUILD_MEMBER_ADD"))["d"]
            assert added["userId"] == school.eve.id
            update = (await socket.receive_type("PRESENCE_UPDATE"))["d"]
            assert (update["userId"], update["status"]) == (other.id, "online")
