"""Each change is acted on separately: a large one or one that fails delays no other one."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

import hub.services.rights.changes
from persistence.interface import Store
from persistence.records import ProfileChange, StoreUnavailable
from tests.support.posting import write
from tests.support.quiet import until_quiet
from tests.support.stores.intercept import Interception, Late
from tests.support.world import Person, World, open_world

PEERS = 250  # more than one statement looks up


async def with_conversations(world: World, name: str, count: int) -> tuple[Person, list[Person]]:
    """A user with so many conversations, and their peers, whose profiles are private."""
    person = await world.person(name)
    peers = [await world.person(f"{name}{number}") for number in range(count)]
    for peer in peers:
        await write(world, person.user, peer.user, "hello")
        await world.store.accounts.change_profile(peer.id, ProfileChange(is_public=False))
    return person, peers


async def turn_private(person: Person) -> None:
    await person.world.store.accounts.change_profile(person.id, ProfileChange(is_public=False))


async def test_the_conversations_of_a_user_are_looked_up_in_parts(memory_store: Store) -> None:
    asked: list[list[Any]] = []
    peer_views = Interception("relations", "peer_views")

    async def note(call: Any, pairs: list[Any]) -> Any:
        asked.append(pairs)
        return await call(pairs)

    async with open_world(peer_views.over(memory_store)) as world:
        mia, peers = await with_conversations(world, "mia", PEERS)
        mias = (await mia.open()).ignoring("user_online_status")
        one = (await peers[0].open()).ignoring("user_online_status")
        peer_views.way = note
        await turn_private(mia)
        assert (await one.receive_type("revoked"))["user_id"] == mia.id
        for _ in range(PEERS):
            await mias.receive_type("revoked")
    assert len(asked) > 1
    assert max(map(len, asked)) <= 200
    pairs = [pair for part in asked for pair in part]
    assert len(pairs) == len(set(pairs)) == PEERS + 1  # none for users without a connection


async def test_a_dm_without_messages_is_not_revoked(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.person("ann"), await world.person("ben", is_public=False)
        await world.store.channels.dm(ann.id, ben.id)
        anns = await ann.open()
        await turn_private(ann)
        await anns.is_silent()


async def test_a_slow_change_does_not_delay_another_one(memory_store: Store) -> None:
    peer_views, late = Interception("relations", "peer_views"), Late()
    async with open_world(peer_views.over(memory_store)) as world:
        mia, _ = await with_conversations(world, "mia", 1)
        ann, ben = await world.people("ann", "ben")
        await write(world, ann.user, ben.user, "hello")
        mias, bens = await mia.open(), await ben.open()
        peer_views.way = late
        await turn_private(mia)
        await late.carried_out.wait()
        peer_views.way = None
        await world.store.relations.block(ann.id, ben.id)
        assert (await bens.receive_type("revoked"))["user_id"] == ann.id
        late.may_arrive.set()
        await mias.receive_type("revoked")


async def test_too_many_waiting_changes_close_the_connections(
    memory_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.services.rights.changes, "MAX_WAITING", 3)
    peer_views, late = Interception("relations", "peer_views"), Late()
    async with open_world(peer_views.over(memory_store)) as world:
        ann, *others = await world.people("ann", *(f"b{number}" for number in range(9)))
        for other in others:
            await write(world, ann.user, other.user, "hello")
        anns = await ann.open()
        peer_views.way = late
        for other in others:
            await world.store.relations.block(other.id, ann.id)
        await late.carried_out.wait()
        await until_quiet()
        late.may_arrive.set()
        peer_views.way = None
        frames, end = await anns.until_closed()
        assert end.code == 1013
        assert {frame["type"] for frame in frames} <= {"revoked"}


async def test_a_change_that_cannot_be_carried_out_closes_the_connections_concerned(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """It is tried three times while the store responds; the users may connect again."""
    peer_views, tries = Interception("relations", "peer_views"), 0
    async with open_world(peer_views.over(memory_store)) as world:
        mia, _ = await with_conversations(world, "mia", 1)
        ann, ben = await world.people("ann", "ben")
        await write(world, ann.user, ben.user, "hello")
        mias, bens = await mia.open(), await ben.open()

        async def fail(call: Any, pairs: list[Any]) -> Any:
            nonlocal tries
            if not any(mia.id in pair for pair in pairs):
                return await call(pairs)
            tries += 1
            raise StoreUnavailable("too slow")

        peer_views.way = fail
        await turn_private(mia)
        await world.store.relations.block(ann.id, ben.id)
        assert (await bens.receive_type("revoked"))["user_id"] == ann.id
        end = await mias.closed()
        assert (end.code, tries) == (1013, 3)
        await trio.sleep(5)
        assert tries == 3
        await bens.close_in_silence()
        assert (await mia.open()).end is None
