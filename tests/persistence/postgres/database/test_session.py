"""The settings that a connection must have, whatever the role, the database and poolers set."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database import session
from persistence.postgres.database.bridge import open_database
from persistence.postgres.database.session import STORE_SESSION, UnsafeDatabase
from persistence.postgres.relations import PEER_VIEWS, PostgresRelations
from persistence.records import DatabaseUnfit, Draft, StoreUnavailable, Unfit
from protocol.model import Posted, UserId
from tests.support.stores.databases import Databases, execute, open_store, with_setting
from tests.support.stores.pooler import pooler
from tests.support.stores.records import make_users
from tests.support.wire.proxy import Silence, open_proxy

KILL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"


async def settle_for(dsn: str, setting: str) -> None:
    """Give every new session of the database a setting, and end all others."""
    name = urlsplit(dsn).path.removeprefix("/")
    await execute(dsn, f"ALTER DATABASE {name} SET {setting}")
    await execute(dsn.replace(f"/{name}", "/postgres", 1), KILL, name)


@asynccontextmanager
async def conversation(databases: Databases) -> AsyncIterator[tuple[str, Store, Draft]]:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben = await make_users(store, "ann", "ben")
        draft = Draft(ann.id, ben.id, "hi")
        await store.messages.post([draft])
        yield dsn, store, draft


async def test_a_server_that_may_lose_commits_is_refused(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        unsafe = with_setting(dsn, "options", "-csynchronous_commit%3Doff")
        with pytest.raises(UnsafeDatabase, match="synchronous_commit is off"):
            async with open_postgres_store(unsafe, pool_size=2, lanes=1):
                pass


async def test_nothing_is_stored_once_the_server_may_lose_commits(
    databases: Databases,
) -> None:
    async with conversation(databases) as (dsn, store, draft):
        await settle_for(dsn, "synchronous_commit = off")
        for _ in range(2):  # the first one may still get the connection that was cut
            with pytest.raises(StoreUnavailable) as refused:
                await store.messages.post([draft])
        assert "synchronous_commit is off" in str(refused.value)
        await settle_for(dsn, "synchronous_commit = on")
        with suppress(StoreUnavailable):
            await store.messages.post([draft])
        (outcome,) = await store.messages.post([draft])
        assert isinstance(outcome, Posted)


async def test_a_database_that_was_set_to_read_only_is_unfit(databases: Databases) -> None:
    async with conversation(databases) as (dsn, store, draft):
        await settle_for(dsn, "default_transaction_read_only = on")
        for _ in range(2):
            with pytest.raises(StoreUnavailable) as refused:
                await store.messages.post([draft])
        assert isinstance(refused.value, DatabaseUnfit)
        assert refused.value.why is Unfit.READ_ONLY


@pytest.mark.parametrize("mode", ["directly", "through a pooler of sessions"])
async def test_each_connection_has_the_settings_of_its_statements(
    databases: Databases, mode: str
) -> None:
    async with databases.migrated() as dsn:
        await settle_for(dsn, "timezone = 'Asia/Tokyo'")
        await settle_for(dsn, "statement_timeout = 1000000")
        with through(dsn, mode) as used:
            async with open_database(used, 1) as database:
                for name in STORE_SESSION:
                    row = await database.fetch_one(f"SELECT current_setting('{name}') AS value")
                    assert row is not None
                    assert row["value"] in (STORE_SESSION[name], "5s")


async def test_a_statement_of_the_store_is_planned_once(databases: Databases) -> None:
    plans = """
        SELECT sum(custom_plans)::int AS of_values, sum(generic_plans)::int AS of_any
          FROM pg_prepared_statements WHERE statement = $1
    """
    async with databases.migrated() as dsn, open_database(dsn, 1) as database:
        relations = PostgresRelations(database)
        for _ in range(6):  # Postgres itself plans the first five for their values
            await relations.peer_views([(UserId(1), UserId(2))])
        row = await database.fetch_one(plans, PEER_VIEWS)
        assert row is not None
        assert (row["of_values"], row["of_any"]) == (0, 6)


@contextmanager
def through(dsn: str, mode: str) -> Iterator[str]:
    if mode == "directly":
        yield dsn
        return
    with TemporaryDirectory() as folder, pooler(dsn, Path(folder), "session") as pooled:
        yield pooled


async def test_messages_are_stored_through_a_session_pooler(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        with through(dsn, "through a pooler") as pooled:
            async with open_store(pooled, lanes=2) as store:
                ann, ben = await make_users(store, "ann", "ben")
                (outcome,) = await store.messages.post([Draft(ann.id, ben.id, "hi")])
                assert isinstance(outcome, Posted)


async def test_a_transaction_pooler_is_refused_with_an_explanation(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        with (
            TemporaryDirectory() as folder,
            pooler(dsn, Path(folder), "transaction") as pooled,
            pytest.raises(UnsafeDatabase, match="pool_mode = session"),
        ):
            async with open_store(pooled):
                pass


async def test_each_session_sets_synchronous_commit_itself(
    databases: Databases,
) -> None:
    sql = "SELECT source FROM pg_settings WHERE name = 'synchronous_commit'"
    async with databases.migrated() as dsn, open_database(dsn, 1) as database:
        assert [row["source"] for row in await database.fetch(sql)] == ["session"]


@pytest.mark.parametrize("word", [b"set_config", b"BEGIN", b"current_setting", b"COMMIT"])
async def test_a_server_that_stops_responding_is_unavailable(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    monkeypatch.setattr(session, "CONNECT_SECONDS", 0.5)
    async with databases.migrated() as dsn, open_proxy(dsn) as proxy:
        proxy.from_client = Silence(lambda packet: word in packet.data, times=1)
        with pytest.raises(StoreUnavailable):
            async with open_store(proxy.dsn):
                pass
