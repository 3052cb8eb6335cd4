"""One hub on a database: a second one is refused, and one that lost its hold stores nothing."""

import re

import pytest
import trio
import trio.lowlevel

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.hold import AlreadyServed, Hold, open_hold
from persistence.records import Draft, StoreUnavailable
from protocol.model import Posted
from tests.support.stores.databases import Databases, execute, open_transaction
from tests.support.stores.records import make_users

CUT_HOLD = """
    SELECT bool_and(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
     WHERE application_name LIKE 'parlour serve%' AND datname = current_database()
"""
POST = """
    SELECT verdict FROM post_messages(ARRAY[$1::bigint], ARRAY[$2::bigint], NULL, ARRAY[1],
        ARRAY['hi'], NULL, ARRAY['text'], NULL, ARRAY[false], NULL, NULL, NULL, $3)
"""
IS_WAITING = """
    SELECT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event = $1)
"""


async def test_the_refusal_of_a_second_hub_names_the_first(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_hold(dsn, 0) as hold:
        await hold.begin()
        with pytest.raises(AlreadyServed) as refused:
            async with open_hold(dsn, 0.3):
                pass
        assert re.fullmatch(
            r"Another hub \(pid \d+ on \S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)"
            r" serves this database",
            str(refused.value),
        )


async def test_a_hub_waits_for_another_that_ends(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        one, other = Hold(dsn), Hold(dsn)
        await one.take(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other.take, 60)
            await trio.testing.wait_all_tasks_blocked()
            one.close()
        await other.begin()
        other.close()


async def post(store: Store, draft: Draft) -> Posted:
    (outcome,) = await store.messages.post([draft])
    assert isinstance(outcome, Posted)
    return outcome


async def test_a_hub_stores_nothing_once_another_has_begun(databases: Databases) -> None:
    """Although it has not noticed yet that its hold is lost."""
    async with (
        databases.migrated() as dsn,
        open_hold(dsn, 0) as hold,
        open_postgres_store(dsn, pool_size=2, lanes=1, hold=hold) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        draft = Draft(ann.id, ben.id, "hi")
        with pytest.raises(StoreUnavailable):  # not begun
            await post(store, draft)
        await hold.begin()
        await post(store, draft)
        await execute(dsn, "SELECT begin_serving(1)")
        with pytest.raises(StoreUnavailable, match="another hub"):
            await post(store, draft)
        assert await execute(dsn, "SELECT count(*) FROM messages") == 1


async def test_another_hub_begins_when_messages_that_are_being_stored_are_committed(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_hold(dsn, 0) as hold,
        open_postgres_store(dsn, pool_size=2, lanes=1, hold=hold) as store,
    ):
        await hold.begin()
        ann, ben = await make_users(store, "ann", "ben")
        await post(store, Draft(ann.id, ben.id, "hi"))
        found: list[object] = []

        async def store_message() -> None:
            await execute(dsn, POST, ann.id, ben.id, hold.hub)  # without a timeout

        async def begin() -> None:
            await execute(dsn, "SELECT begin_serving(1)")
            found.append(await execute(dsn, "SELECT count(*) FROM messages"))

        async with (
            trio.open_nursery() as nursery,
            open_transaction(dsn, "SELECT FROM channels FOR UPDATE"),
        ):
            nursery.start_soon(store_message)
            await until_waiting(dsn, "transactionid")
            nursery.start_soon(begin)
            await until_waiting(dsn, "advisory")
        assert found == [2]


async def until_waiting(dsn: str, kind: str) -> None:
    """Wait until a session waits for a lock of this kind."""
    while not await execute(dsn, IS_WAITING, kind):
        await trio.lowlevel.checkpoint()


async def test_a_hold_that_is_cut_is_taken_again(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_hold(dsn, 0) as hold,
        open_postgres_store(dsn, pool_size=2, lanes=1, hold=hold) as store,
        trio.open_nursery() as nursery,
    ):
        assert not hold.is_held
        await hold.begin()
        assert (hold.is_held, hold.losses) == (True, 0)
        nursery.start_soon(hold.keep)
        ann, ben = await make_users(store, "ann", "ben")
        assert await execute(dsn, CUT_HOLD)
        while True:  # the hold is lost until it is taken again
            try:
                await post(store, Draft(ann.id, ben.id, "hi"))
                await store.health.check()
                break
            except StoreUnavailable:
                await trio.lowlevel.checkpoint()
        assert hold.others == 0
        assert (hold.is_held, hold.losses) == (True, 1)
        nursery.cancel_scope.cancel()
    assert not hold.is_held


async def test_a_hub_that_is_displaced_stores_nothing_until_it_is_the_only_one_again(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_hold(dsn, 0) as hold,
        open_postgres_store(dsn, pool_size=2, lanes=1, hold=hold) as store,
        trio.open_nursery() as nursery,
    ):
        await hold.begin()
        ann, ben = await make_users(store, "ann", "ben")
        epoch = await store.log.epoch()
        assert await execute(dsn, CUT_HOLD)
        async with open_hold(dsn, 0) as other:
            await other.begin()
            nursery.start_soon(hold.keep)
            await store.log.changed(epoch)  # as soon as it has noticed
            assert hold.others == 1
            await store.log.changed(epoch)  # also for a caller that asks later
            with pytest.raises(StoreUnavailable, match=r"another hub \(pid \d+"):
                await post(store, Draft(ann.id, ben.id, "hi"))
            with pytest.raises(StoreUnavailable):
                await store.health.check()
        while True:
            try:
                await store.health.check()
                break
            except StoreUnavailable:
                await trio.lowlevel.checkpoint()
        await post(store, Draft(ann.id, ben.id, "hi"))
        nursery.cancel_scope.cancel()
