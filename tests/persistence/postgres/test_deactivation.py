"""A deactivated account has no session, whatever runs at the same moment."""

from datetime import timedelta

import pytest
import trio

from persistence.records import NoSuchUser
from tests.support.stores.databases import Databases, execute, open_store, open_transaction
from tests.support.stores.records import make_user

IN_A_DAY = timedelta(days=1)
SESSIONS = "SELECT count(*) FROM sessions"


async def test_a_session_that_is_being_opened_ends_with_the_others(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann = await make_user(store, "ann")
        async with (
            trio.open_nursery() as nursery,
            open_transaction(
                dsn,
                "SELECT FROM users FOR SHARE",  # as opening one does
                "INSERT INTO sessions (user_id, token_hash, expires_at)"
                f" VALUES ({ann.id}, 'x', now())",
                commit=True,
            ),
        ):
            nursery.start_soon(store.accounts.deactivate, ann.id)
            await until_waiting(dsn)
        assert await execute(dsn, SESSIONS) == 0


async def test_no_session_is_opened_while_the_account_is_deactivated(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann = await make_user(store, "ann")
        refused: list[NoSuchUser] = []

        async def sign_in() -> None:
            with pytest.raises(NoSuchUser) as raised:
                await store.sessions.open(ann.id, b"x", IN_A_DAY)
            refused.append(raised.value)

        async with trio.open_nursery() as nursery:
            deactivate = "UPDATE users SET deactivated_at = now() WHERE username = 'ann'"
            async with open_transaction(dsn, deactivate, commit=True):
                nursery.start_soon(sign_in)
                await until_waiting(dsn)
                assert refused == []
        assert len(refused) == 1
        assert await execute(dsn, SESSIONS) == 0


async def until_waiting(dsn: str) -> None:
    """Wait until a statement waits for a lock of the transaction."""
    while not await execute(dsn, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
        await trio.lowlevel.checkpoint()
