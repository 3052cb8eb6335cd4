"""Takes over a database of Parlour 0.1.0.

Its schema was eight numbered files; `schema_migrations` kept their numbers and names. Together they
made the tables of schema/0001_tables.sql, column by column.

Guarantees: only a database with exactly these eight files is taken over; its tables stay.
Must not know: how files are applied.
"""

from typing import Final

import asyncpg

from persistence.records import StoreError

FILES_OF_0_1_0: Final = (
    "0001_domain.sql",
    "0002_policy.sql",
    "0003_posting.sql",
    "0004_channels.sql",
    "0005_resume.sql",
    "0006_posting.sql",
    "0007_user_notices.sql",
    "0008_authors_held.sql",
)
_HAS_NUMBERS: Final = """
    SELECT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = 'schema_migrations'::regclass AND attname = 'number')
"""


class UnknownSchema(StoreError):
    """The schema is neither this version's nor that of 0.1.0, or another application's."""


async def take_over(connection: asyncpg.Connection) -> bool:
    """Drop the `schema_migrations` of 0.1.0; False: the table is not of that version. The tables
    that remain are those of schema/0001_tables.sql, and the functions are replaced later.

    Raises:
        UnknownSchema: some of the eight files are missing.
    """
    if not await connection.fetchval(_HAS_NUMBERS):
        return False
    rows = await connection.fetch("SELECT name FROM schema_migrations ORDER BY number")
    names = tuple(row["name"] for row in rows)
    if names != FILES_OF_0_1_0:
        raise UnknownSchema(
            "This database has a schema that is older than this version's but not that of 0.1.0"
            f" (files: {', '.join(names) or 'none'})"
        )
    await connection.execute("DROP TABLE schema_migrations")
    return True
