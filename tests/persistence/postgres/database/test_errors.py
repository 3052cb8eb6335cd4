"""Every error that a server can report, through the real bridge."""

from collections.abc import Iterator
from functools import partial

import asyncpg
import pytest
from asyncpg import exceptions

from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import Database, open_connections
from persistence.postgres.database.errors import MEANINGS, Meaning, meaning_of
from persistence.postgres.database.session import SESSION, connect
from persistence.records import Draft, StoreError
from protocol.model import Posted, Refusal
from tests.support.stores.databases import Databases, execute
from tests.support.stores.records import make_users

DEPLOYMENTS = ("HOU01", "45000", "ZZ999")  # codes that Postgres does not have


def _codes() -> Iterator[str]:
    for name in dir(exceptions):
        code: str | None = getattr(getattr(exceptions, name), "sqlstate", None)
        if code is not None:
            yield code


SUCCESS = {"00", "01", "02"}  # classes that no server reports as an error, but a RAISE may have
CODES = sorted(set(_codes()) | set(DEPLOYMENTS))
RAISING = (
    """
    CREATE FUNCTION raise_as(code text) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'ordered' USING ERRCODE = code; END $$
    """,
    """
    CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.content LIKE 'raise %' THEN PERFORM raise_as(substr(NEW.content, 7)); END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER refuse_some BEFORE INSERT ON messages
        FOR EACH ROW EXECUTE FUNCTION refuse_some()
    """,
)


async def let_triggers_raise(dsn: str) -> None:
    for statement in RAISING:
        await execute(dsn, statement)


def test_every_class_that_asyncpg_knows_has_a_meaning() -> None:
    assert {code[:2] for code in CODES if code not in DEPLOYMENTS} - SUCCESS == set(MEANINGS)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("22021", Meaning.REFUSED),
        ("23514", Meaning.REFUSED),
        ("HOU01", Meaning.REFUSED),
        ("40001", Meaning.CONFLICT),
        ("40P01", Meaning.CONFLICT),
        ("40003", Meaning.AWAY),
        ("28P01", Meaning.AWAY),
        ("3D000", Meaning.AWAY),
        ("25006", Meaning.AWAY),
        ("42P01", Meaning.AWAY),
        ("42501", Meaning.AWAY),
        ("53100", Meaning.AWAY),
        ("55006", Meaning.AWAY),
        ("55P03", Meaning.LOCKED),
        ("57014", Meaning.AWAY),
        ("XX000", Meaning.AWAY),
    ],
)
def test_what_a_code_means(code: str, meaning: Meaning) -> None:
    error = asyncpg.PostgresError.new({"C": code, "M": "no"})
    assert meaning_of(error) is meaning
    ordered = asyncpg.PostgresError.new({"C": code, "M": "no", "R": "exec_stmt_raise"})
    assert meaning_of(ordered) is Meaning.REFUSED


async def test_no_code_of_a_statement_is_anything_but_an_error_of_the_store(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        await let_triggers_raise(dsn)
        async with open_connections(1, partial(connect, dsn, SESSION)) as connections:
            database = Database(dsn, connections)
            for code in CODES:
                with pytest.raises(StoreError):
                    await database.fetch("SELECT raise_as($1)", code)
            assert await database.fetch("SELECT 1 AS one")


async def test_what_a_trigger_refuses_is_refused_alone_whatever_its_code(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        await let_triggers_raise(dsn)
        async with open_postgres_store(dsn, pool_size=1, lanes=1) as store:
            ann, ben = await make_users(store, "ann", "ben")
            for code in CODES:
                drafts = [Draft(ann.id, ben.id, text) for text in ("1", f"raise {code}", "2")]
                one, raised, two = await store.messages.post(drafts)
                assert raised is Refusal.UNSTORABLE, code
                assert isinstance(one, Posted)
                assert isinstance(two, Posted)
                assert two.message.seq == one.message.seq + 1
