"""Attempts in Postgres: they expire, their rows are removed, other nodes count them too."""

import trio

from persistence.attempts import Full, Kind, Window
from persistence.interface import Store
from tests.support.stores.databases import Databases, execute, open_store, open_transaction

SHORT = Window(Kind.PLACE, "short", 1, 0.05)
ROWS = "SELECT count(*) FROM attempts"
TAKEN_ELSEWHERE = "SELECT take_attempts(ARRAY(SELECT key FROM attempts), '{2}', '{60}')"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def test_an_attempt_expires_and_later_attempts_remove_its_row(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        for number in range(8):
            assert await store.attempts.take([Window(Kind.PLACE, f"{number}", 1, 0.05)]) is None
        assert await store.attempts.take([SHORT]) is None
        while await store.attempts.take([SHORT]) is not None:
            pass
        while await execute(dsn, ROWS) != 1:
            await store.attempts.take([SHORT])


async def test_expired_attempts_do_not_count_beside_recent_ones(databases: Databases) -> None:
    window = Window(Kind.ACCOUNT, "1", 2, 60.0)
    async with databases.migrated() as dsn, open_store(dsn) as store:
        assert [await store.attempts.take([window]) for _ in range(2)] == [None, None]
        await execute(dsn, "UPDATE attempts SET times[1] = times[1] - interval '61 seconds'")
        assert await store.attempts.take([window]) is None
        assert await store.attempts.take([window]) is not None


async def test_an_attempt_waits_for_one_that_another_node_is_counting(
    databases: Databases,
) -> None:
    window = Window(Kind.ACCOUNT, "1", 2, 60.0)
    found: list[Full | None] = []

    async def attempt(store: Store) -> None:
        found.append(await store.attempts.take([window]))

    async with databases.migrated() as dsn, open_store(dsn) as store:
        await attempt(store)
        async with (
            trio.open_nursery() as nursery,
            open_transaction(dsn, TAKEN_ELSEWHERE, commit=True),  # when this block ends
        ):
            nursery.start_soon(attempt, store)
            while len(found) == 1 and not await execute(dsn, WAITING):
                pass
    assert [each is None for each in found] == [True, False]
