"""The deletion of an account is announced at once to the users who had a relation to it."""

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import enter
from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.world import World


async def test_a_deleted_user_goes_offline_and_the_conversation_is_revoked(world: World) -> None:
    ann, ben, eve = await world.people("ann", "ben", "eve")
    await write(world, ann.user, ben.user, "hello")
    await write(world, ben.user, ann.user, "hi")
    anns, bens, eves = await ann.open(), await ben.open(), await eve.open()
    assert (await anns.receive_type("user_online_status"))["is_online"]
    assert await world.store.accounts.delete(ben.id)
    await until_quiet()
    frames = [await anns.receive(), await anns.receive()]
    assert {frame["type"] for frame in frames} == {"user_online_status", "revoked"}
    for frame in frames:
        if frame["type"] == "user_online_status":
            assert (frame["user_id"], frame["is_online"]) == (ben.id, False)
    assert (await bens.until_closed())[1].code == 4001
    await eves.is_silent()  # eve has no relation to them


async def test_the_members_of_a_workspace_get_an_event_for_a_deleted_member(world: World) -> None:
    school = await open_school(world)
    gateway = await school.ann.open("/gateway")
    await gateway.send({"op": "IDENTIFY", "d": {"userId": school.ann.id}})
    await gateway.receive_type("READY")
    assert await world.store.accounts.delete(school.ben.id)
    frame = await gateway.receive_type("GUILD_MEMBER_REMOVE")
    assert frame["d"]["userId"] == school.ben.id
    assert "user" not in frame["d"]
    assert school.ben.id not in frame["d"]["guild"]["members"]


async def test_a_dm_with_a_deleted_user_is_left(world: World) -> None:
    school = await open_school(world)
    await write(world, school.ben.user, school.ann.user, "hi")
    chat = await school.join(school.ann, school.dm)
    peer = (await enter(school.ann)).ignoring("message:offline")
    await peer.ask("room:join", to_uuid(IdKind.CHANNEL, school.dm.id))
    assert await world.store.accounts.delete(school.ben.id)
    assert (await chat.receive_type("left_channel"))["channelId"] == school.dm.id
    name, _ = await peer.event()
    assert name == "channel:revoked"
