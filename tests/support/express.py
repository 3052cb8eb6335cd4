"""A hub beside an Express application, and the sessions that express-session writes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from persistence.postgres.express import open_express_sessions
from protocol.parsing.express_session import sign
from tests.support.quiet import counting
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.world import World, open_world

SECRET = "the secret of the application"
TABLE = (
    "CREATE SCHEMA app",
    (
        "CREATE TABLE app.session ("
        " sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)"
    ),
    "CREATE INDEX ON app.session (expire)",
)


@asynccontextmanager
async def open_hub(databases: Databases, **settings: Any) -> AsyncIterator[tuple[World, str]]:
    """A hub on Postgres beside an Express application, and the database's address."""
    async with databases.migrated() as dsn:
        for statement in TABLE:
            await execute(dsn, statement)
        async with (
            open_store(dsn) as store,
            open_express_sessions(dsn, "app.session", counting()) as foreign,
            open_world(
                store, foreign_sessions=foreign, session_secrets=(SECRET,), **settings
            ) as world,
        ):
            yield world, dsn


async def remember(
    dsn: str, sid: str, user_id: int, *, lives: float = 60.0, cookie: object = None
) -> str:
    """Store a session as express-session writes it; returns the Cookie header."""
    expires = {"originalMaxAge": None, "expires": cookie, "httpOnly": True, "path": "/"}
    session = json.dumps({"cookie": expires, "userId": user_id, "role": "student"})
    await execute(
        dsn,
        "INSERT INTO app.session VALUES"
        f" ('{sid}', '{session}', (to_timestamp(extract(epoch FROM now()) + {lives}))"
        " AT TIME ZONE 'UTC')",
    )
    return f"connect.sid={sign(sid, SECRET)}"
