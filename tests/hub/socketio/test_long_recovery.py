"""Recoveries of clients that missed more than one resume sends, or than can be recovered."""

from typing import Any

import pytest

import hub.services.missed_revisions
import hub.services.notes
import hub.services.resume
from persistence.interface import Store
from persistence.records import NewChannel
from protocol.errors import TRY_AGAIN
from protocol.revisions import Delete
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.recovery import contents, enter, notes, offset, revisions, say
from tests.support.clients.socketio import channel_of
from tests.support.posting import post
from tests.support.school import open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.records import changed, granted
from tests.support.world import World, open_world


async def test_a_client_that_missed_too_many_notes_reconnects_for_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.notes, "MAX_NOTES", 2)
    monkeypatch.setattr(hub.services.notes, "PAGE_NOTES", 2)
    school = await open_school(world)
    messages = await post(world, school.ann.user, school.general, "1", "2", "3")
    peer, told = await enter(school.ben)
    await peer.socket.drop()
    for message in messages:
        await school.ben.ask("PUT", f"/learning_platform/api/messages/{message.id}/hidden")
    peer, _ = await enter(school.ben, pid=told["pid"])
    found, received = await notes(peer, 2)
    assert [number for _, number in found] == [1, 2]
    assert (await peer.socket.closed()).code == TRY_AGAIN.code
    peer, _ = await enter(school.ben, pid=told["pid"], offset=received)
    assert await notes(peer, 1) == ([("message:hidden", 3)], "n3")
    await peer.socket.is_silent()


async def test_a_client_that_missed_too_many_revisions_reconnects_for_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.missed_revisions, "PAGE_MESSAGES", 2)
    monkeypatch.setattr(hub.services.missed_revisions, "MAX_MESSAGES", 2)
    school = await open_school(world)
    messages = await post(world, school.ann.user, school.general, "1", "2", "3")
    peer, told = await enter(school.ben)
    await peer.ask("room:join", channel_of(school))
    await peer.socket.drop()
    for message in messages:
        await changed(world.store, message.id, Delete(), by=school.ann.id)
    peer, _ = await enter(school.ben, pid=told["pid"])
    found, received = await revisions(peer, 2)
    assert [rev for rev, _ in found] == [1, 2]
    assert (await peer.socket.closed()).code == TRY_AGAIN.code
    peer, _ = await enter(school.ben, pid=told["pid"], offset=received)
    assert (await revisions(peer, 1))[0] == [(3, "")]
    await peer.socket.is_silent()


async def test_a_client_that_missed_too_many_messages_reconnects_for_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.resume, "MAX_MESSAGES", 3)
    school = await open_school(world)
    new = NewChannel(school.workspace.id, "news")
    news = granted(await world.store.channels.create(new, by=school.tea.id))
    peer, first = await enter(school.ben)
    for channel in (school.general, news):
        await peer.ask("room:join", to_uuid(IdKind.CHANNEL, channel.id))
    await peer.socket.drop()
    for channel in (school.general, news):
        await post(world, school.ann.user, channel, "1", "2")
    peer, _ = await enter(school.ben, pid=first["pid"])
    assert await contents(peer, 2) == ["1", "2"]
    assert (await peer.event())[1]["content"] == "1"
    received = await offset(peer)
    assert (await peer.socket.closed()).code == TRY_AGAIN.code
    peer, again = await enter(school.ben, pid=first["pid"], offset=received)
    assert again == first
    assert await contents(peer, 1) == ["2"]
    await peer.socket.is_silent()


async def test_a_client_reconnects_for_messages_posted_during_the_recovery_beyond_its_limit(
    memory_store: Store,
) -> None:
    reading = Interception("channels", "heads")
    async with open_world(reading.over(memory_store), resume_limit=10) as world:
        school = await open_school(world)
        peer, first = await enter(school.ben)
        await peer.ask("room:join", channel_of(school))
        await peer.socket.drop()
        await say(school, school.ann.user, *map(str, range(10)))

        async def write_after(call: Any, *args: Any) -> Any:
            reading.way = None
            heads = await call(*args)
            await say(school, school.ann.user, "10")
            return heads

        reading.way = write_after
        peer, _ = await enter(school.ben, pid=first["pid"])
        assert await contents(peer, 9) == list("012345678")
        assert (await peer.event())[1]["content"] == "9"
        received = await offset(peer)
        assert (await peer.socket.closed()).code == TRY_AGAIN.code
        peer, again = await enter(school.ben, pid=first["pid"], offset=received)
        assert again == first
        assert await contents(peer, 1) == ["10"]


async def test_a_recovery_of_too_much_or_after_too_long_begins_a_new_connection(
    store: Store,
) -> None:
    async with open_world(store, resume_limit=10) as world:
        school = await open_school(world)
        peer, told = await enter(school.ben)
        await peer.ask("room:join", channel_of(school))
        await peer.socket.drop()
        await say(school, school.ann.user, *map(str, range(11)))
        assert (await enter(school.ben, pid=told["pid"]))[1]["pid"] != told["pid"]
    async with open_world(store, recovery_window=0.0) as world:
        ben = await world.sign_in(school.ben.user)
        assert (await enter(ben, pid=told["pid"]))[1].keys() == {"sid"}
