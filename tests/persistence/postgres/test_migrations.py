"""Migrations: whole or not at all, once, and never on a database from the future."""

import asyncpg
import pytest
import trio

from persistence.postgres import open_postgres_store
from persistence.postgres.bridge import UnsafeDatabase
from persistence.postgres.migrate import Migration, SchemaTooNew, known_migrations, migrate
from persistence.records import StoreUnavailable
from tests.support.databases import Databases, execute


async def test_an_empty_database_gets_every_migration_once(databases: Databases) -> None:
    async with databases.empty() as dsn:
        assert await migrate(dsn) == [migration.name for migration in known_migrations()]
        assert await migrate(dsn) == []


async def test_two_hubs_that_start_together_migrate_once(databases: Databases) -> None:
    async with databases.empty() as dsn:
        applied: list[str] = []

        async def run() -> None:
            applied.extend(await migrate(dsn))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            nursery.start_soon(run)
        assert applied == [migration.name for migration in known_migrations()]


async def test_a_failing_migration_leaves_nothing_of_itself(databases: Databases) -> None:
    good = Migration(1, "0001_good.sql", "CREATE TABLE good ()")
    bad = Migration(2, "0002_bad.sql", "CREATE TABLE half (); SELECT 1/0")
    async with databases.empty() as dsn:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(dsn, [good, bad])
        assert await execute(dsn, "SELECT to_regclass('good')::text") == "good"
        assert await execute(dsn, "SELECT to_regclass('half')::text") is None
        mended = Migration(2, "0002_bad.sql", "CREATE TABLE half ()")
        assert await migrate(dsn, [good, mended]) == ["0002_bad.sql"]


async def test_a_database_of_a_newer_parlour_is_refused(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        await execute(
            dsn, "INSERT INTO schema_migrations (number, name) VALUES (9999, '9999_future.sql')"
        )
        with pytest.raises(SchemaTooNew, match="9999_future"):
            await migrate(dsn)


async def test_a_server_that_may_lose_commits_is_refused(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        unsafe = f"{dsn}&options=-csynchronous_commit%3Doff" if "?" in dsn else (
            f"{dsn}?options=-csynchronous_commit%3Doff"
        )  # fmt: skip
        with pytest.raises(UnsafeDatabase, match="synchronous_commit is off"):
            async with open_postgres_store(unsafe, pool_size=2, lanes=1):
                pass


async def test_an_absent_server_is_unavailable(databases: Databases) -> None:
    async with databases.migrated():
        with pytest.raises(StoreUnavailable):
            await migrate("postgresql://nobody@127.0.0.1:1/none")
