"""Messages that were stored without the hub's knowledge are delivered, in order."""

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from attrs import define, evolve
from trio.testing import MockClock

import hub.services.posting.lane
import hub.services.posting.positions
import hub.services.posting.sequencer
from hub.services.posting.positions import SETTLED_SECONDS
from persistence.interface import Store
from persistence.records import Draft, Outcome, StoreUnavailable
from protocol.model import Posted
from tests.support.clients.websocket import WebSocket
from tests.support.posting import write
from tests.support.school import open_school
from tests.support.stores.databases import (
    Databases,
    execute,
    open_store,
    open_transaction,
    run_script,
)
from tests.support.world import World, open_world


@define
class LosingAnswers:
    """A log whose next results are lost, after the messages were stored or before."""

    log: Any
    lost_after: int = 0
    lost_before: int = 0
    unreadable: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        if self.lost_before:
            self.lost_before -= 1
            raise StoreUnavailable("lost on the way there")
        outcomes: Sequence[Outcome] = await self.log.post(drafts)
        if self.lost_after:
            self.lost_after -= 1
            raise StoreUnavailable("lost on the way back")
        return outcomes

    async def in_gaps(self, *args: Any, **kwargs: Any) -> Any:
        if self.unreadable:
            self.unreadable -= 1
            raise StoreUnavailable("away")
        return await self.log.in_gaps(*args, **kwargs)


def losing(store: Store) -> tuple[Store, LosingAnswers]:
    log = LosingAnswers(store.messages)
    return evolve(store, messages=log), log


async def seqs(socket: WebSocket, count: int) -> list[int]:
    """The seqs of the next private messages."""
    frames = [await socket.receive_type("private_message") for _ in range(count)]
    return [frame["message"]["seq"] for frame in frames]


async def test_a_repeat_is_confirmed_only_after_the_missing_messages_in_front_of_it(
    store: Store,
) -> None:
    """A client that takes its seq as its position would never fetch the others."""
    broken, log = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns = await ann.open()
        frame = {"type": "private_message", "recipient_id": ben.id, "content": "hi"}
        log.lost_after, log.unreadable = 2, 1_000
        for key in ("one", "two"):
            await anns.send(frame | {"client_id": key})
            assert (await anns.receive_type("error"))["code"] == "unavailable"
        await anns.send(frame | {"client_id": "two"})
        error = await anns.receive_type("error")
        assert (error["code"], error["client_id"]) == ("unavailable", "two")
        log.unreadable = 0
        await anns.send(frame | {"client_id": "two"})
        assert await seqs(anns, 3) == [1, 2, 2]  # the two messages, and a confirmation


async def test_a_message_whose_result_was_lost_is_delivered_without_a_repeat(
    store: Store,
) -> None:
    broken, log = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        log.lost_after, log.unreadable = 1, 2
        frame = {"type": "private_message", "recipient_id": ben.id, "content": "hi"}
        await anns.send(frame)  # the first one of the two: there was no channel yet
        assert (await anns.receive_type("error"))["code"] == "unavailable"
        for socket in (bens, anns):
            assert await seqs(socket, 1) == [1]
        await anns.send(frame | {"content": "again"})
        for socket in (bens, anns):
            assert await seqs(socket, 1) == [2]


async def test_a_repeat_of_a_message_whose_result_was_lost_delivers_it_once(store: Store) -> None:
    broken, log = losing(store)
    async with open_world(broken, presence_grace=0.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        await write(world, ann.user, ben.user, "before")
        for socket in (anns, bens):
            assert await seqs(socket, 1) == [1]
        log.lost_after, log.unreadable = 1, 1
        frame = {
            "type": "private_message", "recipient_id": ben.id, "content": "hi", "client_id": "k",
        }  # fmt: skip
        await anns.send(frame)
        assert (await anns.receive_type("error"))["client_id"] == "k"
        await anns.send(frame)  # it waits: the log cannot be read, and its predecessor is unknown
        assert await seqs(anns, 2) == [2, 2]  # the message, then a confirmation
        assert await seqs(bens, 1) == [2]
        await anns.send(frame)
        assert await seqs(anns, 1) == [2]  # a confirmation
        await write(world, ann.user, ben.user, "after")
        for socket in (anns, bens):
            assert await seqs(socket, 1) == [3]


async def test_a_message_that_was_not_stored_is_not_delivered(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    broken, log = losing(memory_store)
    async with open_world(broken) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        anns, bens = await ann.open(), await ben.open()
        log.lost_before = 1
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "hi"})
        assert (await anns.receive_type("error"))["code"] == "unavailable"
        await trio.sleep(20)
        await write(world, ann.user, ben.user, "after")
        for socket in (anns, bens):
            assert await seqs(socket, 1) == [1]


async def test_messages_of_another_writer_are_delivered_before_newer_ones(world: World) -> None:
    school = await open_school(world)
    await write(world, school.ann.user, school.ben.user, "1")
    bens, chat = await school.ben.open(), await school.join(school.ben)
    private = Draft(school.ann.id, school.ben.id, "by another hub")
    public = Draft(school.ann.id, None, "by another hub", channel_id=school.general.id)
    for outcome in await world.store.messages.post([private, public, private, public]):
        assert isinstance(outcome, Posted)
    await write(world, school.ann.user, school.ben.user, "4")
    assert await seqs(bens, 3) == [2, 3, 4]
    draft = evolve(public, content="ours")
    await world.services.messaging.send(school.ann.user, draft)
    told = [(await chat.receive_type("new_message"))["message"] for _ in range(3)]
    assert [message["seq"] for message in told] == [1, 2, 3]
    assert told[0]["authorUsername"] == "ann"


async def test_messages_stored_before_the_hub_started_are_not_delivered(store: Store) -> None:
    async with open_world(store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1", "2")
    async with open_world(store) as world:
        bens = await (await world.sign_in(ben.user)).open()
        await write(world, ann.user, ben.user, "3")
        assert await seqs(bens, 1) == [3]


async def test_messages_of_a_forgotten_channel_are_not_delivered_again(
    memory_store: Store, monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    monkeypatch.setattr(hub.services.posting.positions, "MAX_CHANNELS", 2)
    async with open_world(memory_store, db_lanes=1) as world:
        ann = await world.person("ann")
        others = [await world.person(f"other{n}") for n in range(5)]
        socket = await ann.open()
        for _ in range(3):
            for other in others:
                await write(world, ann.user, other.user, "x")
            mock_clock.jump(SETTLED_SECONDS)
        told = await seqs(socket, 15)
        assert told == [1] * 5 + [2] * 5 + [3] * 5


async def test_more_than_one_page_of_missing_messages_is_delivered(
    memory_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.posting.sequencer, "PAGE", 10)
    async with open_world(memory_store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        socket = await ben.open()
        await memory_store.messages.post([Draft(ann.id, ben.id, "x")] * 35)
        await write(world, ann.user, ben.user, "y")
        assert await seqs(socket, 36) == list(range(1, 37))


LATE_COMMIT = """
    CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
    BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON messages
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
"""
SETTLING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'held'"


async def test_a_commit_after_its_send_was_refused_as_unavailable_is_delivered_once(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.posting.lane, "SEND_SECONDS", 0.2)
    async with databases.migrated() as dsn:
        await run_script(dsn, LATE_COMMIT)
        async with open_store(dsn) as store, open_world(store, presence_grace=0.0) as world:
            ann, ben = await world.person("ann"), await world.person("ben")
            anns, bens = await ann.open(), await ben.open()
            async with open_transaction(dsn, "SELECT pg_advisory_lock(1)"):
                frame = {"type": "private_message", "recipient_id": ben.id, "content": "late"}
                await anns.send(frame)
                assert (await anns.receive_type("error"))["code"] == "unavailable"
                while not await execute(dsn, SETTLING):
                    pass
            for socket in (bens, anns):
                assert await seqs(socket, 1) == [1]
            await write(world, ann.user, ben.user, "next")
            for socket in (bens, anns):
                assert await seqs(socket, 1) == [2]
