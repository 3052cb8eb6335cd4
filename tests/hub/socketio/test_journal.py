"""What joins and resumes store about a connection, so that it is recovered with them."""

from typing import Any

from hub.socketio.offset import Received, decode_offset
from persistence.interface import Store
from persistence.records import StoreUnavailable
from protocol.revisions import Edit
from tests.support.clients.recovery import contents, enter, offset, revisions, say
from tests.support.clients.socketio import channel_of
from tests.support.posting import post
from tests.support.school import open_school
from tests.support.stores.intercept import Interception, Late
from tests.support.stores.records import changed
from tests.support.world import World, open_world


async def test_a_resume_sets_the_revs_from_which_a_connection_is_recovered(world: World) -> None:
    """A resume without revs counts as having all revisions up to then."""
    school = await open_school(world)
    one, two = await post(world, school.ann.user, school.general, "1", "2")
    for message in (one, two):
        await changed(world.store, message.id, Edit(message.content * 2), by=school.ann.id)
    channel = channel_of(school)
    for revs, missed in (({"revs": {channel: 1}}, [(2, "22")]), ({}, [])):
        peer, told = await enter(school.ben)
        await peer.emit("resume", {"after": {channel: 2}, **revs})
        received = await offset(peer)
        assert (await revisions(peer, len(missed)))[0] == missed
        assert (await peer.event())[0] == "resumed"
        await peer.socket.drop()
        # As if all of this had been lost with the connection.
        peer, again = await enter(school.ben, pid=told["pid"], offset=received)
        assert again == told
        assert (await revisions(peer, len(missed)))[0] == missed
        await peer.socket.is_silent()
        await peer.socket.drop()


async def test_resume_by_positions_is_an_event_too(world: World) -> None:
    school = await open_school(world)
    await say(school, school.ann.user, "1", "2")
    peer, _ = await enter(school.ben)
    channel = channel_of(school)
    await peer.emit("resume", {"after": {channel: 1}})
    assert decode_offset(await offset(peer)) == Received()  # the store keeps the position
    assert await contents(peer, 1) == ["2"]
    assert await peer.event() == (
        "resumed",
        {"complete": True, "after": {channel: 2}, "epoch": world.services.log_watch.epoch},
    )
    await say(school, school.ann.user, "3")
    assert await contents(peer, 1) == ["3"]


async def test_channels_of_a_resume_are_recovered_too(world: World) -> None:
    school = await open_school(world)
    peer, told = await enter(school.ben)
    await peer.ask("resume", {"after": {channel_of(school): 0}})
    await offset(peer)
    assert (await peer.event())[0] == "resumed"
    await peer.socket.drop()
    await say(school, school.ann.user, "1")
    peer, again = await enter(school.ben, pid=told["pid"], offset="")
    assert again == told
    assert await contents(peer, 1) == ["1"]


async def test_a_connection_that_breaks_while_it_resumes_gets_all_requested_messages(
    memory_store: Store,
) -> None:
    """Although it has received a newer message before."""
    reading = Interception("messages", "in_spans")
    async with open_world(reading.over(memory_store)) as world:
        school = await open_school(world)
        await say(school, school.ann.user, "1", "2")
        peer, told = await enter(school.ben)
        channel = channel_of(school)
        await peer.ask("room:join", channel)
        await say(school, school.ann.user, "3")
        assert await contents(peer, 1) == ["3"]
        reading.way = page = Late()
        await peer.emit("resume", {"after": {channel: 1}})
        last = await offset(peer)
        await page.carried_out.wait()
        await peer.socket.drop()
        reading.way = None
        page.may_arrive.set()
        peer, again = await enter(school.ben, pid=told["pid"], offset=last)
        assert again == told
        assert await contents(peer, 2) == ["2", "3"]


async def test_a_channel_that_is_joined_again_is_recovered_from_what_was_received(
    world: World,
) -> None:
    """Frontends join on every connect, also if they were recovered and still wait for messages."""
    school = await open_school(world)
    peer, told = await enter(school.ben)
    channel = channel_of(school)
    await peer.ask("room:join", channel)
    await say(school, school.ann.user, "1")
    assert (await peer.event())[0] == "message:new"
    received = await offset(peer)
    await say(school, school.ann.user, "2")
    await peer.ask("room:join", channel)
    assert await contents(peer, 1) == ["2"]
    await peer.socket.drop()
    peer, again = await enter(school.ben, pid=told["pid"], offset=received)
    assert again == told
    assert await contents(peer, 1) == ["2"]


async def test_a_join_or_resume_that_cannot_be_stored_is_refused(memory_store: Store) -> None:
    async def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    saving = Interception("recoveries", "save")
    async with open_world(saving.over(memory_store)) as world:
        school = await open_school(world)
        channel = channel_of(school)
        peer, told = await enter(school.ben)
        await peer.ask("room:join", channel)
        assert (await peer.ask("room:leave", channel))["success"] is True
        saving.way = away
        for event in ("room:join", "resume"):
            payload = channel if event == "room:join" else {"after": {channel: 0}}
            refused = await peer.ask(event, payload)
            assert (refused["success"], refused["code"]) == (False, "lookup_failed")
            assert (await peer.event())[0] == "message:error"
        saving.way = None
        await peer.socket.drop()
        await say(school, school.ann.user, "1")
        peer, again = await enter(school.ben, pid=told["pid"], offset="")
        assert again == told
        assert (await peer.ask("room:join", channel))["success"] is True
        await say(school, school.ann.user, "2")
        assert await contents(peer, 1) == ["2"]  # it was in no channel when "1" was posted
