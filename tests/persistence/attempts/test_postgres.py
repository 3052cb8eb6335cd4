"""Attempts in Postgres: when they end, and what is left of them."""

import trio

from persistence.attempts import Full, Kind, Window
from persistence.interface import Store
from tests.support.stores.databases import Databases, execute, open_store

SHORT = Window(Kind.PLACE, "short", 1, 0.05)
ROWS = "SELECT count(*) FROM attempts"


async def test_one_no_longer_counts_after_its_time_and_is_removed_with_others(
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


async def test_all_nodes_count_together_also_at_the_same_time(databases: Databases) -> None:
    window = Window(Kind.ACCOUNT, "1", 5, 60.0)
    found: list[Full | None] = []

    async def attempt(store: Store) -> None:
        found.append(await store.attempts.take([window]))

    async with (
        databases.migrated() as dsn,
        open_store(dsn) as one,
        open_store(dsn) as other,
        trio.open_nursery() as nursery,
    ):
        for _ in range(6):
            nursery.start_soon(attempt, one)
            nursery.start_soon(attempt, other)
        while len(found) < 12:
            await trio.lowlevel.checkpoint()
    assert found.count(None) == 5
