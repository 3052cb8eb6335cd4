"""The snapshot of a database at one moment, and the first steps in a restored database."""

import pytest

from persistence.postgres.database.migrate import load_schema
from persistence.postgres.upkeep.snapshot import (
    NotEmpty,
    NotOurs,
    begin_anew,
    count_rows,
    open_snapshot,
    require_no_tables,
    server_version,
)
from persistence.records import Draft
from persistence.uploads import Upload
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.stores.records import make_users


async def test_a_snapshot_has_the_data_of_one_moment(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "hi")])
        await store.uploads.add(Upload("/uploads/2026-11-27/a_b", ann.id, "text/plain", "b", 1))
        async with open_snapshot(dsn) as snapshot:
            await store.messages.post([Draft(ann.id, ben.id, "later")])
        assert snapshot.rows["messages"] == 1
        assert snapshot.uploads == ["/uploads/2026-11-27/a_b"]
        assert snapshot.epoch == await execute(dsn, "SELECT log_epoch()")
        assert snapshot.server == await server_version(dsn)
        schema = load_schema()
        assert set(snapshot.files) == {each.name for each in (*schema.numbered, *schema.routines)}
        assert (await count_rows(dsn))["messages"] == 2


async def test_tables_of_the_deployment_are_counted_too(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        await execute(dsn, "CREATE SCHEMA school")
        await execute(dsn, "CREATE TABLE school.pupils AS SELECT generate_series(1, 3)")
        assert (await count_rows(dsn))["school.pupils"] == 3


async def test_a_snapshot_of_a_database_without_our_tables_is_refused(databases: Databases) -> None:
    async with databases.empty() as dsn:
        await require_no_tables(dsn)
        with pytest.raises(NotOurs):
            async with open_snapshot(dsn):
                pass


async def test_a_database_that_has_tables_is_refused_for_a_restore(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        with pytest.raises(NotEmpty, match="blocks"):
            await require_no_tables(dsn)


async def test_a_snapshot_may_be_of_an_older_schema(databases: Databases) -> None:
    """As it is taken before an upgrade."""
    async with databases.migrated() as dsn:
        await execute(dsn, "DROP FUNCTION log_epoch CASCADE")
        await execute(dsn, "DROP TABLE uploads CASCADE")
        async with open_snapshot(dsn) as snapshot:
            assert snapshot.epoch is None
            assert snapshot.uploads == []


@pytest.mark.parametrize("end_sessions", [False, True])
async def test_a_restored_database_gets_a_new_epoch_and_forgets_what_is_transient(
    databases: Databases, end_sessions: bool
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        (ann,) = await make_users(store, "ann")
        session = "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES ('x', $1, now())"
        await execute(dsn, session, ann.id)
        await execute(dsn, "UPDATE serving SET hub = 1")
        await execute(dsn, "INSERT INTO changes (payload) VALUES ('user 1')")
        await execute(dsn, "INSERT INTO recoveries VALUES ('key', 1, '{}', '{}', now(), '{}')")
        before = await execute(dsn, "SELECT log_epoch()")
        await begin_anew(dsn, end_sessions=end_sessions)
        assert await execute(dsn, "SELECT log_epoch()") != before
        assert await execute(dsn, "SELECT hub FROM serving") is None
        rows = await count_rows(dsn)
        assert (rows["changes"], rows["recoveries"]) == (0, 0)
        assert rows["sessions"] == (0 if end_sessions else 1)
