"""When a log counts as another one, after a restore or in a copy; nothing is stored in it."""

from pathlib import Path

import pytest

from persistence.postgres.database.log import AnotherLog
from persistence.records import Draft, StoreUnavailable
from protocol.model import Posted
from tests.support.stores.databases import Databases, execute, open_store, run_script
from tests.support.stores.records import make_users

EPOCH = "SELECT log_epoch()"
END = """
    SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
RESTRICTED = """
    REVOKE EXECUTE ON FUNCTION pg_control_system(), pg_walfile_name(pg_lsn) FROM PUBLIC;
    CREATE ROLE restricted;
    GRANT SELECT, UPDATE ON epochs TO restricted;
"""


async def test_the_epoch_stays_the_same_after_new_sessions_messages_and_a_vacuum(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        before = await execute(dsn, EPOCH)
        async with open_store(dsn) as store:
            ann, ben = await make_users(store, "ann", "ben")
            await store.messages.post([Draft(ann.id, ben.id, "hi")])
        await execute(dsn, "VACUUM (FULL, FREEZE) epochs")
        assert await execute(dsn, EPOCH) == before
        assert await execute(dsn, "SELECT new_epoch()") != before


async def test_a_copy_of_a_database_has_another_epoch(databases: Databases) -> None:
    async with databases.migrated() as one, databases.migrated() as other:  # of one template
        assert await execute(one, EPOCH) != await execute(other, EPOCH)


async def test_a_log_restored_from_a_dump_has_another_epoch(
    databases: Databases, tmp_path: Path
) -> None:
    """The dump is restored by hand, into the same database."""
    async with databases.migrated() as dsn:
        before = await execute(dsn, EPOCH)
        value = await execute(dsn, "SELECT value FROM epochs")
        # As pg_dump and pg_restore --data-only do.
        await run_script(
            dsn,
            "CREATE TABLE dumped AS SELECT * FROM epochs; TRUNCATE epochs;"
            " INSERT INTO epochs SELECT * FROM dumped; DROP TABLE dumped",
        )
        assert await execute(dsn, "SELECT value FROM epochs") == value
        assert await execute(dsn, EPOCH) != before


async def test_nothing_is_stored_in_a_log_that_the_hub_does_not_know(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben = await make_users(store, "ann", "ben")
        epoch = await store.log.epoch()
        draft = Draft(ann.id, ben.id, "hi")
        await store.messages.post([draft])
        await execute(dsn, "SELECT new_epoch()")
        await execute(dsn, END)  # as a failover does
        for _ in range(2):  # the connection is lost, and the next one refused
            with pytest.raises(StoreUnavailable) as refused:
                await store.messages.post([draft])
        assert isinstance(refused.value, AnotherLog)
        await store.log.changed(epoch)
        assert await store.log.epoch() != epoch
        assert isinstance((await store.messages.post([draft]))[0], Posted)


async def test_a_role_without_some_rights_can_still_read_the_epoch(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        await run_script(dsn, RESTRICTED)
        try:
            asked = f"BEGIN; SET LOCAL ROLE restricted; {EPOCH}; COMMIT"
            await run_script(dsn, asked)
        finally:
            await run_script(dsn, "DROP OWNED BY restricted; DROP ROLE restricted")
