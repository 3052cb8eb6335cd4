"""Every error that a server can report, through the real bridge."""

from collections.abc import Iterator
from functools import partial

import asyncpg
import pytest
from asyncpg import exceptions
from attrs import evolve

from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import Database, open_connections
from persistence.postgres.database.errors import MEANINGS, Meaning, meaning_of
from persistence.postgres.database.session import SESSION, connect
from persistence.records import Draft, Locked, StoreError, StoreUnavailable
from protocol.model import Posted, Refusal
from tests.support.stores.databases import Databases, execute
from tests.support.stores.records import make_users
from tests.support.wire.proxy import Denial, error_packet, open_proxy

DEPLOYMENTS = ("HOU01", "45000", "ZZ999")  # codes that Postgres does not have


def _codes() -> Iterator[str]:
    for name in dir(exceptions):
        code: str | None = getattr(getattr(exceptions, name), "sqlstate", None)
        if code is not None:
            yield code


def _error(code: str) -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"C": code, "M": "no"})


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
def test_the_meaning_of_an_error_code(code: str, meaning: Meaning) -> None:
    error = asyncpg.PostgresError.new({"C": code, "M": "no"})
    assert meaning_of(error) is meaning
    ordered = asyncpg.PostgresError.new({"C": code, "M": "no", "R": "exec_stmt_raise"})
    assert meaning_of(ordered) is Meaning.REFUSED


async def test_every_error_code_of_a_statement_makes_the_store_unavailable(
    databases: Databases,
) -> None:
    """Also the codes of missing and of duplicate rows, if the error names no constraint."""
    async with databases.migrated() as dsn:
        await let_triggers_raise(dsn)
        async with open_connections(1, partial(connect, dsn, SESSION)) as connections:
            database = Database(dsn, connections)
            for code in CODES:
                with pytest.raises(StoreUnavailable):
                    await database.fetch("SELECT raise_as($1)", code)
            assert await database.fetch("SELECT 1 AS one")


async def test_an_error_about_one_send_does_not_affect_later_sends(
    databases: Databases,
) -> None:
    """The errors do not name the routine that raised them."""
    expected = {
        Meaning.REFUSED: Refusal.UNSTORABLE,
        Meaning.LOCKED: Locked(),
    }
    async with (
        databases.migrated() as dsn,
        open_proxy(dsn) as proxy,
        open_postgres_store(proxy.dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        proxy.from_client = denial = Denial(concerns=lambda packet: b"poison" in packet.data)
        for code in CODES:
            denial.error = error_packet(code)
            meaning = meaning_of(_error(code))
            drafts = [Draft(ann.id, ben.id, "1"), Draft(ann.id, eve.id, "poison", code)]
            denied = denial.denied
            if meaning in expected:
                one, poison = await store.messages.post(drafts)
                assert poison == expected[meaning], code
                assert isinstance(one, Posted) or meaning is Meaning.LOCKED
            else:
                with pytest.raises(StoreUnavailable):
                    await store.messages.post(drafts)
            assert denial.denied > denied
            denial.error = None
            one, poison = await store.messages.post([evolve(drafts[0], key=f"1 {code}"), drafts[1]])
            assert isinstance(one, Posted)
            assert isinstance(poison, Posted)
        log = await store.messages.conversation_after(ann.id, eve.id, after_seq=0, limit=1_000)
        assert [message.key for message in log] == CODES
        assert [message.seq for message in log] == list(range(1, len(CODES) + 1))


async def test_an_error_while_a_send_is_settled_makes_the_store_unavailable(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_proxy(dsn) as proxy,
        open_postgres_store(proxy.dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        proxy.from_client = denial = Denial()
        for code in {meaning_of(_error(code)): code for code in CODES}.values():
            denial.error = error_packet(code)
            with pytest.raises(StoreUnavailable):
                await store.messages.settle({ann.id})
            with pytest.raises(StoreUnavailable):
                await store.messages.post_again([Draft(ann.id, ben.id, "hi")])
            with pytest.raises(StoreUnavailable):
                async with open_connections(1, partial(connect, proxy.dsn, {})):
                    pass
            denial.error = None
            await store.messages.settle({ann.id})


async def test_an_error_of_any_other_statement_is_a_store_error(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_proxy(dsn) as proxy,
        open_postgres_store(proxy.dsn, pool_size=1, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        proxy.from_client = denial = Denial()
        for code in CODES:
            denial.error = error_packet(code)
            with pytest.raises(StoreError):
                await store.accounts.get(ann.id)
            denial.error = None
            assert await store.accounts.get(ann.id) == ann


async def test_a_trigger_refuses_one_send_of_a_batch_with_any_code(
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
