"""Invitations and message requests are sent to their user, wherever they were made or decided."""

from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.stores.records import granted
from tests.support.world import World, open_world


def invitations(count: int) -> dict[str, object]:
    return {"type": "invitations_changed", "count": count}


async def test_an_invitation_is_sent_to_all_chat_connections_of_its_user_only(world: World) -> None:
    school = await open_school(world)
    eve, tea, place = school.eve, school.tea, school.workspace.id
    sockets = [await eve.open("/ws/chat") for _ in range(2)]
    others = [await tea.open("/ws/chat"), await eve.open("/gateway"), await eve.open()]
    invite = world.store.invitations.invite
    granted(await invite(place, eve.id, by=tea.id))
    granted(await invite(place, eve.id, by=tea.id))  # again: nothing changes
    for socket in sockets:
        assert await socket.receive() == invitations(1)
    assert await world.store.invitations.decline(place, eve.id)
    for socket in sockets:
        assert await socket.receive() == invitations(0)
    for socket in (*sockets, *others):
        await socket.is_silent()


async def test_accepting_an_invitation_removes_it_on_the_users_other_devices(world: World) -> None:
    school = await open_school(world)
    eve = school.eve
    granted(await world.store.invitations.invite(school.workspace.id, eve.id, by=school.tea.id))
    phone = (await eve.open("/ws/chat")).ignoring("channels_added")
    path = f"/api/users/me/invitations/{school.workspace.id}"
    assert (await eve.ask("POST", path)).status == 200
    assert await phone.receive() == invitations(0)


async def test_invitations_and_requests_changed_by_other_programs_are_sent_too(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store, open_world(store) as world:
        school = await open_school(world)
        eve, tea, place = school.eve, school.tea, school.workspace.id
        eves, anns = await eve.open("/ws/chat"), await school.ann.open()
        anns.ignoring("user_online_status", "private_message")
        await execute(dsn, f"INSERT INTO invitations VALUES ({place}, {eve.id}, {tea.id})")
        assert await eves.receive() == invitations(1)
        await execute(dsn, f"DELETE FROM workspaces WHERE id = {place}")
        assert await eves.receive() == invitations(0)
        await write(world, eve.user, school.ann.user, "hello")
        await until_quiet()
        dm = f"{eve.id} IN (user_lo, user_hi)"
        await execute(dsn, f"UPDATE channels SET answered = true WHERE {dm}")
        told = await anns.receive_type("message_request")
        assert (told["user_id"], told["is_waiting"]) == (eve.id, False)


async def test_accepting_a_request_sends_an_event_to_the_accepting_user_only(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns, bens = await ann.open(), await ben.open()
    await write(world, ben.user, ann.user, "hello")
    for socket in (anns, bens):
        await socket.receive_type("private_message")
        socket.ignoring("user_online_status")
    assert await world.store.relations.accept_message_request(ann.id, ben.id)
    assert await world.store.relations.accept_message_request(ann.id, ben.id)  # nothing changes
    assert await anns.receive() == {
        "type": "message_request", "user_id": ben.id, "is_waiting": False,
    }  # fmt: skip
    for socket in (anns, bens):
        await socket.is_silent()


async def test_answering_a_request_with_a_message_sends_no_request_event(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    anns = (await ann.open()).ignoring("user_online_status", "private_message")
    await write(world, ben.user, ann.user, "hello")
    await write(world, ann.user, ben.user, "hi")
    await anns.is_silent()
