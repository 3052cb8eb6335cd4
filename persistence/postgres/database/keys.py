"""Computes the keys by which names are compared, for the rows of an older database.

The keys are computed in Python alone, because no function of Postgres gives the same result on
every server: schema/0012_name_keys.sql takes them from two tables that exist while it is applied.

Guarantees: it is part of the migration's transaction; names that were changed or lost because their
keys are equal are logged for the operator, by id. Must not know: the rest of the schema.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import asyncpg
import structlog

from persistence.records import channel_key
from protocol.model import name_key

log = structlog.get_logger(__name__)

_ROWS: Final = 5_000  # computed at a time
_CREATE: Final = """
    CREATE TABLE user_keys (
        id bigint PRIMARY KEY, username text, username_key text, email_key text, name_key text);
    CREATE TABLE channel_keys (
        id bigint PRIMARY KEY, name text, name_key text, subject_key text)
"""
_RENAMED_USERS: Final = """
    SELECT id, k.username AS before, u.username AS after FROM users u JOIN user_keys k USING (id)
     WHERE u.username <> k.username ORDER BY id
"""
_RENAMED_CHANNELS: Final = """
    SELECT id, k.name AS before, c.name AS after FROM channels c JOIN channel_keys k USING (id)
     WHERE c.name <> k.name ORDER BY id
"""
_LOST_EMAILS: Final = "SELECT id FROM users WHERE email IS NOT NULL AND email_key IS NULL"


@asynccontextmanager
async def _name_keys(connection: asyncpg.Connection) -> AsyncIterator[None]:
    await connection.execute(_CREATE)
    await _compute(
        connection,
        "SELECT id, username, email, name FROM users",
        "user_keys",
        lambda row: (row[0], row[1], name_key(row[1]), _key(row[2]), name_key(row[3])),
    )
    await _compute(
        connection,
        "SELECT id, name, subject FROM channels",
        "channel_keys",
        lambda row: (row[0], row[1], channel_key(row[1]), _key(row[2])),
    )
    yield
    for event, statement in (
        ("username_changed", _RENAMED_USERS),
        ("channel_name_changed", _RENAMED_CHANNELS),
        ("email_signs_nobody_in", _LOST_EMAILS),
    ):
        for row in await connection.fetch(statement):
            log.warning(event, **dict(row))
    await connection.execute("DROP TABLE user_keys, channel_keys")


async def _compute(
    connection: asyncpg.Connection,
    select: str,
    table: str,
    keys_of: Callable[[asyncpg.Record], tuple[object, ...]],
) -> None:
    page = (
        f"{select} WHERE id > $1 ORDER BY id LIMIT {_ROWS}"  # an open cursor would hold the table
    )
    last = 0
    while rows := await connection.fetch(page, last):
        last = rows[-1]["id"]
        await connection.copy_records_to_table(table, records=[keys_of(row) for row in rows])


def _key(text: str | None) -> str | None:
    return None if text is None else name_key(text)


AROUND: Final[Mapping[str, Callable[[asyncpg.Connection], AbstractAsyncContextManager[None]]]] = {
    "schema/0012_name_keys.sql": _name_keys
}
"""What runs before and after a file of the schema, by the file's name."""
