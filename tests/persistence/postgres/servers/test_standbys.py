"""The check for a synchronous standby; tests with one are in tests/hub/test_failover.py."""

from urllib.parse import urlsplit

import pytest

from persistence.postgres.servers.standbys import StandbysHidden, open_standbys
from persistence.records import DatabaseUnfit, Unfit
from tests.support.stores.databases import Databases, execute

ROLE = "parlour_blind"


async def look(dsn: str) -> None:
    async with open_standbys(dsn):
        pass


async def test_a_server_without_a_synchronous_standby_is_refused(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        with pytest.raises(DatabaseUnfit) as refused:
            await look(dsn)
    assert refused.value.why is Unfit.NO_SYNC_STANDBY


async def test_a_role_needs_the_right_to_see_standbys(databases: Databases) -> None:
    """Without it, the role cannot see whether there is one; the error names what to grant."""
    async with databases.migrated() as dsn:
        await execute(dsn, f"CREATE ROLE {ROLE} LOGIN")
        try:
            host = urlsplit(dsn).netloc.rpartition("@")[2]
            blind = urlsplit(dsn)._replace(netloc=f"{ROLE}@{host}").geturl()
            with pytest.raises(StandbysHidden, match="GRANT pg_read_all_stats"):
                await look(blind)
            await execute(dsn, f"GRANT pg_monitor TO {ROLE}")
            with pytest.raises(DatabaseUnfit) as refused:
                await look(blind)
            assert refused.value.why is Unfit.NO_SYNC_STANDBY
        finally:
            await execute(dsn, f"DROP ROLE {ROLE}")
