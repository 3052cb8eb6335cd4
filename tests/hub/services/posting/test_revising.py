"""Revisions reach all users who may see the message, once each and in order, also when a result of
the store is lost; a resume sends the last one of each message.
"""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from attrs import define, evolve

import hub.services.missed_revisions
from hub.services.posting.revising import deliveries_of
from persistence.contents.revisions import Revised, RevisionDraft, RevisionOutcome
from persistence.interface import Store
from persistence.records import Locked, StoreUnavailable
from protocol.answers import Changed
from protocol.commands import ReviseMessage
from protocol.events import Refused
from protocol.model import MessageId, RevisionPosition
from protocol.revisions import Delete, Edit, Pin, React, Revision
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post, write
from tests.support.school import on_gateway, open_school
from tests.support.stores.intercept import Interception
from tests.support.stores.records import changed
from tests.support.world import Person, World, open_world

HEART = "❤️"


async def revise(
    person: Person, message_id: MessageId, revision: Revision, key: str | None = None
) -> Changed | Refused:
    services = person.world.services
    command = ReviseMessage(message_id, revision, key=key)
    return await services.commands.revisions.revise(
        person.user, services.quotas.of(person.id), command
    )


async def states(socket: WebSocket, count: int) -> list[tuple[int, str]]:
    """Of the next revisions: the rev, and the content of the message."""
    found = []
    for _ in range(count):
        message = (await socket.receive())["message"]
        found.append((message["rev"], message["content"]))
    return found


@define
class LosingAnswers:
    """Revisions whose next results are lost, after the change was made or before it."""

    store: Any
    lost_after: int = 0
    lost_before: int = 0
    locked: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def revise(self, drafts: Sequence[RevisionDraft]) -> Sequence[RevisionOutcome | Locked]:
        if self.locked:
            self.locked -= 1
            return [Locked()] * len(drafts)
        if self.lost_before:
            self.lost_before -= 1
            raise StoreUnavailable("lost on the way there")
        outcomes: Sequence[RevisionOutcome | Locked] = await self.store.revise(drafts)
        if self.lost_after:
            self.lost_after -= 1
            raise StoreUnavailable("lost on the way back")
        return outcomes


def losing(store: Store) -> tuple[Store, LosingAnswers]:
    revisions = LosingAnswers(store.revisions)
    return evolve(store, revisions=revisions), revisions


async def test_revisions_are_sent_to_both_participants_of_a_conversation(world: World) -> None:
    ann, ben, eve = [await world.person(name) for name in ("ann", "ben", "eve")]
    (posted,) = await write(world, ann.user, ben.user, "helo")
    sockets = [await person.open() for person in (ann, ben)]
    outside = await eve.open()
    await revise(ann, posted.id, Edit("hello"))
    await revise(ben, posted.id, React(HEART))
    await revise(ann, posted.id, Delete())
    for socket in sockets:
        edited, reaction, deleted = [await socket.receive() for _ in range(3)]
        assert (edited["type"], edited["change"], edited["user_id"]) == (
            "message_updated", "edited", ann.id,
        )  # fmt: skip
        assert (edited["message"]["content"], edited["message"]["rev"]) == ("hello", 1)
        assert (reaction["type"], reaction["emoji"]) == ("message_reaction", HEART)
        assert reaction["message"]["reactions"] == [
            {"emoji": HEART, "count": 1, "user_ids": [ben.id]}
        ]
        assert (deleted["type"], deleted["message"]["rev"]) == ("message_deleted", 3)
        assert (deleted["message"]["content"], deleted["message"]["is_deleted"]) == ("", True)
    await outside.is_silent()


async def test_an_edit_in_a_channel_is_sent_on_chat_and_on_the_gateway(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "helo")
    chat = await school.join(school.ben)
    gateway = await on_gateway(school.ben)
    await chat.past("user_presence")
    await revise(school.ann, posted.id, Edit("hello"))
    frame = await chat.receive()
    assert (frame["type"], frame["content"], frame["rev"]) == ("message_updated", "hello", 1)
    event = await gateway.receive()
    assert (event["t"], event["d"]["content"]) == ("MESSAGE_UPDATE", "hello")


async def test_a_user_blocked_by_the_author_gets_no_revisions(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    (posted,) = await write(world, ann.user, ben.user, "x")
    await world.store.relations.block(ann.id, ben.id)
    anns = await ann.open()
    bens = await ben.open()
    assert isinstance(await revise(ann, posted.id, Delete()), Changed)
    assert (await anns.receive())["type"] == "message_deleted"
    await bens.is_silent()


async def test_a_revision_is_not_delivered_before_its_message(store: Store) -> None:
    """A client that resumed has the message from the store; the others do not have it yet."""

    async def lost(call: Any, *args: Any) -> None:
        await call(*args)
        raise StoreUnavailable("lost on the way back")

    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("away")

    posting, gaps = Interception("messages", "post"), Interception("messages", "in_gaps")
    async with open_world(gaps.over(posting.over(store)), presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        posting.way, gaps.way = lost, away
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "hi"})
        assert (await anns.receive_type("error"))["code"] == "unavailable"
        (message,) = await store.messages.conversation_after(ben.id, ann.id, after_seq=0, limit=2)
        with pytest.raises(StoreUnavailable):
            await revise(ben, message.id, React(HEART))
        posting.way = gaps.way = None
        for socket in (anns, bens):
            assert (await socket.receive_type("private_message"))["message"]["id"] == message.id
        await revise(ben, message.id, React(HEART))
        for socket in (anns, bens):
            assert (await socket.receive_type("message_reaction"))["message"]["rev"] == 1


@pytest.mark.parametrize("lost", ["lost_after", "lost_before"])
async def test_a_revision_whose_result_was_lost_is_delivered_if_it_was_made(
    store: Store, lost: str
) -> None:
    broken, revisions = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        (posted,) = await write(world, ann.user, ben.user, "0")
        bens = await ben.open()
        await revise(ann, posted.id, Edit("1"))
        assert await states(bens, 1) == [(1, "1")]
        setattr(revisions, lost, 1)
        with pytest.raises(StoreUnavailable):
            await revise(ann, posted.id, Edit("2"), key="k")
        if lost == "lost_after":
            assert await states(bens, 1) == [(2, "2")]  # without a further command
            assert isinstance(await revise(ann, posted.id, Edit("2"), key="k"), Changed)
        else:
            await revise(ann, posted.id, Edit("2"), key="k")
            assert await states(bens, 1) == [(2, "2")]
        await bens.is_silent()


async def test_the_first_revision_of_a_channel_is_delivered_although_its_result_was_lost(
    store: Store,
) -> None:
    broken, revisions = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        (posted,) = await write(world, ann.user, ben.user, "0")
        bens = await ben.open()
        revisions.lost_after = 1
        with pytest.raises(StoreUnavailable):
            await revise(ann, posted.id, Edit("1"))
        assert await states(bens, 1) == [(1, "1")]


async def test_a_revision_of_another_writer_is_delivered_before_newer_ones(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    one, two = await write(world, ann.user, ben.user, "1", "2")
    bens = await ben.open()
    await revise(ann, one.id, Edit("a"))
    await changed(world.store, two.id, Edit("b"), by=ann.id)  # unseen by the hub
    await revise(ann, one.id, Edit("c"))
    assert await states(bens, 3) == [(1, "a"), (2, "b"), (3, "c")]


async def test_a_pin_does_not_hide_an_edit_that_was_not_delivered(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.tea.user, school.general, "0")
    chat = await school.join(school.ben)
    await revise(school.tea, posted.id, Edit("1"))
    await changed(world.store, posted.id, Edit("2"), by=school.tea.id)  # unseen by the hub
    await revise(school.tea, posted.id, Pin())
    frames = [await chat.receive_type("message_updated") for _ in range(2)]
    assert [(each["rev"], each["content"]) for each in frames] == [(1, "1"), (3, "2")]
    assert frames[1]["isPinned"] is True


async def test_each_of_several_revisions_in_a_batch_is_delivered_with_its_own_rev(
    world: World,
) -> None:
    """A client that got only the first one must not count as having the second."""
    ann, ben = await world.person("ann"), await world.person("ben")
    (posted,) = await write(world, ann.user, ben.user, "0")
    message = evolve(posted, content="2", rev=2)
    for rev in (1, 2):
        for delivery in deliveries_of(Revised(message, rev, audience=(ben.id,)), None, None):
            assert delivery.event.position == RevisionPosition(posted.channel_id, rev)


async def test_a_revision_of_a_locked_conversation_waits_and_is_then_made(store: Store) -> None:
    broken, revisions = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        (posted,) = await write(world, ann.user, ben.user, "0")
        bens = await ben.open()
        revisions.locked = 2
        assert isinstance(await revise(ann, posted.id, Edit("1")), Changed)
        assert await states(bens, 1) == [(1, "1")]
        revisions.locked = 100
        with pytest.raises(StoreUnavailable):
            await revise(ann, posted.id, Edit("2"))
        revisions.locked = 0


async def test_a_resume_sends_missed_revisions_of_messages_the_client_has(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    one, two, three = await write(world, ann.user, ben.user, "1", "2", "3")
    for message, text in ((two, "b"), (one, None), (three, "c"), (two, "B")):
        revision = Delete() if text is None else Edit(text)
        await changed(world.store, message.id, revision, by=ann.id)
    socket = await ben.open()
    peer = str(ann.id)
    await socket.send({"type": "resume", "after": {peer: 2}, "revs": {peer: 1}})
    assert await states(socket, 2) == [(2, ""), (4, "B")]
    new = await socket.receive_type("private_message")
    assert (new["message"]["content"], new["message"]["rev"]) == ("c", 3)
    marker = await socket.receive_type("resumed")
    assert (marker["after"], marker["revs"], marker["complete"]) == ({peer: 3}, {peer: 4}, True)
    await revise(ann, one.id, React(HEART))  # it is deleted
    await revise(ann, two.id, Edit("z"))
    assert await states(socket, 1) == [(5, "z")]


@pytest.mark.parametrize("named", [0, 1])
async def test_a_resume_sends_deletions_of_messages_above_the_named_position(
    world: World, named: int
) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    socket = await ben.open()
    _, two, _ = await write(world, ann.user, ben.user, "1", "2", "3")
    come = [(await socket.receive())["message"]["seq"] for _ in range(3)]
    assert come == [1, 2, 3]  # the client has them, above the seq that it names below
    await socket.close_in_silence()
    await changed(world.store, two.id, Delete(), by=ann.id)
    socket, peer = await ben.open(), str(ann.id)
    await socket.send({"type": "resume", "after": {peer: named}, "revs": {peer: 0}})
    assert await states(socket, 1) == [(1, "")]
    come = [(await socket.receive())["message"]["seq"] for _ in range(2 - named)]
    assert come == [1, 3][named:]
    assert (await socket.receive_type("resumed"))["revs"] == {peer: 1}


async def test_a_resume_sends_missed_revisions_of_messages_that_were_delivered_live(
    world: World,
) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await write(world, ann.user, ben.user, "1")
    socket = await ben.open()
    (two,) = await write(world, ann.user, ben.user, "2")
    assert (await socket.receive())["message"]["seq"] == 2
    await changed(world.store, two.id, Edit("b"), by=ann.id)  # unseen by the hub
    peer = str(ann.id)
    await socket.send({"type": "resume", "after": {peer: 1}, "revs": {peer: 0}})
    assert await states(socket, 1) == [(1, "b")]
    assert (await socket.receive_type("resumed"))["revs"] == {peer: 1}


@pytest.mark.parametrize("is_back", [True, False])
async def test_revisions_that_were_hidden_while_they_were_read_do_not_count_as_sent(
    store: Store, is_back: bool
) -> None:
    reading = Interception("revisions", "revised_in")
    async with open_world(reading.over(store), presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        (one,) = await write(world, ann.user, ben.user, "1")
        await changed(world.store, one.id, Edit("b"), by=ann.id)

        async def read_across_a_block(call: Any, *args: Any, **kwargs: Any) -> Any:
            reading.way = None
            await store.relations.block(ann.id, ben.id)
            found = await call(*args, **kwargs)
            if is_back:
                await store.relations.unblock(ann.id, ben.id)
            return found

        reading.way = read_across_a_block
        socket = await ben.open()
        socket.ignoring("revoked")
        peer = str(ann.id)
        await socket.send({"type": "resume", "after": {peer: 1}, "revs": {peer: 0}})
        if is_back:
            assert await states(socket, 1) == [(1, "b")]
        assert (await socket.receive_type("resumed"))["revs"] == {peer: 1 if is_back else 0}


async def test_a_resume_without_revs_gets_no_revisions(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    (one,) = await write(world, ann.user, ben.user, "1")
    await changed(world.store, one.id, Edit("b"), by=ann.id)
    socket = await ben.open()
    await socket.send({"type": "resume", "after": {str(ann.id): 1}})
    assert "revs" not in await socket.receive_type("resumed")


async def test_a_rev_beyond_the_last_one_counts_as_one_of_another_log(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    (one,) = await write(world, ann.user, ben.user, "1")
    await changed(world.store, one.id, Edit("b"), by=ann.id)
    socket = await ben.open()
    peer = str(ann.id)
    await socket.send({"type": "resume", "after": {peer: 1}, "revs": {peer: 2}})
    again = await socket.receive_type("private_message")
    assert again["message"]["content"] == "b"
    marker = await socket.receive_type("resumed")
    assert (marker["reset"], marker["revs"]) == (True, {peer: 1})


async def test_revisions_beyond_the_limit_of_a_resume_are_sent_by_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.missed_revisions, "PAGE_MESSAGES", 2)
    monkeypatch.setattr(hub.services.missed_revisions, "MAX_MESSAGES", 4)
    ann, ben = await world.person("ann"), await world.person("ben")
    messages = await write(world, ann.user, ben.user, *"abcde")
    for message in messages:
        await changed(world.store, message.id, Edit(message.content.upper()), by=ann.id)
    socket = await ben.open()
    peer, revs = str(ann.id), 0
    for told, is_complete in ((4, False), (1, True)):
        await socket.send({"type": "resume", "after": {peer: 5}, "revs": {peer: revs}})
        assert len(await states(socket, told)) == told
        marker = await socket.receive_type("resumed")
        assert marker["complete"] is is_complete
        revs = marker["revs"][peer]
    assert revs == 5


async def test_channels_are_resumed_with_their_revisions(world: World) -> None:
    school = await open_school(world)
    (posted,) = await post(world, school.ann.user, school.general, "helo")
    await changed(world.store, posted.id, Edit("hello"), by=school.ann.id)
    chat = await school.ben.open("/ws/chat")
    room = str(school.general.id)
    await chat.send({"type": "resume", "after": {room: 1}, "revs": {room: 0}})
    await chat.receive_type("joined_channel")
    frame = await chat.receive_type("message_updated")
    assert (frame["content"], frame["change"]) == ("hello", "missed")
    marker = await chat.receive_type("resumed")
    assert (marker["after"], marker["revs"]) == ({room: 1}, {room: 1})


async def test_revisions_in_doubt_and_those_that_stand_still_are_counted(store: Store) -> None:
    broken, revisions = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        (posted,) = await write(world, ann.user, ben.user, "0")
        bens, lanes = await ben.open(), world.services.messaging.lanes
        revisions.lost_after = 1
        with pytest.raises(StoreUnavailable):
            await revise(ann, posted.id, Edit("1"))
        assert sum(lane.in_doubt for lane in lanes) == 1
        assert await states(bens, 1) == [(1, "1")]
        assert sum(lane.in_doubt for lane in lanes) == 0
        revisions.locked = 100

        async def in_vain() -> None:
            with pytest.raises(StoreUnavailable):
                await revise(ann, posted.id, Edit("2"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_vain)
            while revisions.locked == 100 or not any(lane.waiting for lane in lanes):
                await trio.lowlevel.checkpoint()
        revisions.locked = 0
        assert sum(lane.waiting for lane in lanes) == 0
