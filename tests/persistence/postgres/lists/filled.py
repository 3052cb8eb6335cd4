"""A database in which one account has many conversations, and others have more."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import Database, open_connections
from persistence.postgres.database.session import PLANNING_SESSION, connect_safely
from persistence.records import NewUser
from protocol.model import UserId
from tests.bench.crowd import BIG, Crowd, filling
from tests.support.stores.databases import Databases, run_script

CROWD = Crowd(
    conversations=400,
    messages=2,
    longest=2,
    workspaces=4,
    channels=25,
    posts=2,
    members=20,
    bystanders=20_000,
)
# As in a database of which an account is a small part; Postgres would scan a small table.
WITH_INDEXES = {**PLANNING_SESSION, "enable_seqscan": "off"}
LARGE = ("messages", "channels", "channel_members", "receipts")


@frozen
class Filled:
    """The database, and the account."""

    database: Database
    big: UserId

    async def plan(self, sql: str, *args: object) -> dict[str, Any]:
        """The plan by which a statement about the account was executed."""
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        (row,) = await self.database.fetch(explain, self.big, *args)
        (explained,) = json.loads(row["QUERY PLAN"])
        plan: dict[str, Any] = explained["Plan"]
        return plan


@asynccontextmanager
async def open_filled(databases: Databases) -> AsyncIterator[Filled]:
    """The database, with statistics."""

    async def connect() -> Any:
        return await connect_safely(dsn, WITH_INDEXES)

    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
        open_connections(1, connect) as connections,
    ):
        new = NewUser(name="Big", password_hash="none", username=BIG)
        big = await store.accounts.create(new)
        await run_script(dsn, filling(CROWD))
        await connections.fetch("ANALYZE")
        yield Filled(Database(dsn, connections), big.id)
