"""Statements in the log: their names and how long they took, and none of their values."""

from collections.abc import Sequence

import pytest
import trio

from persistence.postgres import open_postgres_store
from persistence.postgres.database import bridge
from persistence.postgres.database.statements import UNNAMED, StatementWatch, statement_name
from persistence.records import Draft, Locked, Span, StoreUnavailable
from protocol.model import Posted
from tests.support.stores.databases import Databases, execute, open_transaction
from tests.support.stores.records import make_users
from tests.support.telemetry.logs import Line, about, captured_lines

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
LOCK_USERS = "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"
SECRET = "swordfish"


def names(lines: Sequence[Line]) -> list[str]:
    return [line["name"] for line in lines]


async def test_a_slow_statement_is_logged_with_its_method_and_without_its_values(
    databases: Databases,
) -> None:
    watch = StatementWatch()
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1, watch=watch) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        with captured_lines() as lines:
            await store.accounts.get(ann.id)
            assert lines == []
            watch.slow = 0.0
            (posted,) = await store.messages.post([Draft(ann.id, ben.id, SECRET, SECRET)])
            assert isinstance(posted, Posted)
            await store.messages.in_spans(ann.id, [Span(posted.message.channel_id, 0, 9)], limit=9)
            await store.accounts.get_many([ann.id, ben.id])
            await store.relations.peer_views([(ann.id, ben.id)])
            await store.lists.conversations(ann.id, limit=9)
            await store.channels.dm(ann.id, ben.id)
            await store.accounts.find(SECRET)
            await store.log.epoch()
            await store.health.check()
            watch.warn_from(0)
            await store.accounts.get(ann.id)
    assert {line["event"] for line in lines} == {"statement_slow"}
    assert list(dict.fromkeys(names(lines))) == [
        "posting.post",
        "messages.in_spans",
        "accounts.get_many",
        "relations.peer_views",
        "lists.conversations.conversations",
        "channels.dm",
        "accounts.find",
        "database.log.epoch",
        "store.check",
    ]
    assert [line["rows"] for line in lines[:3]] == [1, 1, 2]
    assert all(0 <= line["seconds"] < 5 for line in lines)
    assert {frozenset(line) for line in lines} == {
        frozenset({"event", "log_level", "name", "seconds", "rows"})
    }
    assert SECRET not in repr(lines)


async def test_a_statement_that_takes_too_long_is_logged_by_its_name(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "STATEMENT_SECONDS", 0.3)
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        with captured_lines() as lines:
            async with open_transaction(dsn, LOCK_USERS):
                with pytest.raises(StoreUnavailable):
                    await store.accounts.get(ann.id)
        (line,) = about(lines, "statement_timed_out")
        assert (line["name"], line["reason"]) == ("accounts.get", "no answer in time")
        assert line["seconds"] >= 0.3


async def test_a_statement_that_waits_too_long_for_a_connection_is_logged_by_its_name(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "ACQUIRE_SECONDS", 0.2)
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        with captured_lines() as lines:
            async with open_transaction(dsn, LOCK_USERS), trio.open_nursery() as nursery:
                nursery.start_soon(store.accounts.get, ann.id)
                while not await execute(dsn, WAITING):
                    pass
                with pytest.raises(StoreUnavailable):
                    await store.accounts.get_many([ann.id])
                nursery.cancel_scope.cancel()
        (line,) = about(lines, "statement_timed_out")
        assert (line["name"], line["reason"]) == ("accounts.get_many", "every connection is busy")


async def test_a_slow_statement_that_is_cancelled_is_logged_by_its_name(
    databases: Databases,
) -> None:
    watch = StatementWatch(0.0)
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1, watch=watch) as store,
    ):
        (ann,) = await make_users(store, "ann")
        with captured_lines() as lines:
            async with open_transaction(dsn, LOCK_USERS), trio.open_nursery() as nursery:
                nursery.start_soon(store.accounts.get, ann.id)
                while not await execute(dsn, WAITING):
                    pass
                nursery.cancel_scope.cancel()
        (line,) = about(lines, "statement_slow")
        assert (line["name"], line["rows"]) == ("accounts.get", None)


async def test_a_send_that_meets_a_lock_is_logged_by_its_name(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        draft = Draft(ann.id, ben.id, SECRET)
        await store.messages.post([draft])
        with captured_lines() as lines:
            async with open_transaction(dsn, "SELECT FROM channels FOR UPDATE"):
                assert await store.messages.post([draft]) == [Locked()]
        (line,) = about(lines, "statement_failed")
        assert line["name"] == "posting.post"
        assert SECRET not in repr(lines)


def test_a_statement_outside_the_methods_of_the_store_has_no_name() -> None:
    assert statement_name() == UNNAMED
