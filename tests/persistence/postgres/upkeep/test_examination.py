"""Examining a database: its settings, its version, its clock and the time of a commit."""

from urllib.parse import urlsplit

from persistence.postgres.upkeep.examination import examine
from tests.support.stores.databases import Databases, execute


async def test_an_examination_reports_the_settings_the_clock_and_the_time_of_a_commit(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        found = await examine(dsn)
        assert found.switched_off == []
        assert found.server >= 140_000
        assert abs(found.ahead) < 60
        assert found.commit is not None
        assert found.commit > 0
        name = urlsplit(dsn).path[1:]
        await execute(dsn, f"ALTER DATABASE {name} SET synchronous_commit = off")
        assert (await examine(dsn)).switched_off == ["synchronous_commit"]


async def test_no_commit_is_measured_for_a_role_that_may_not_write(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        revoke = "REVOKE EXECUTE ON FUNCTION pg_logical_emit_message(bool, text, text, bool) FROM"
        await execute(dsn, f"{revoke} PUBLIC")
        await execute(dsn, "CREATE ROLE plain LOGIN")
        try:
            plain = dsn.replace(urlsplit(dsn).username or "", "plain", 1)
            assert (await examine(plain)).commit is None
        finally:
            await execute(dsn, "DROP ROLE plain")
