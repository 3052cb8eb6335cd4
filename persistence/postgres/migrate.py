"""Numbered SQL files, applied once each, in order.

Guarantees: a file is applied whole or not at all; two hubs that start together apply it once; a
database that a newer Parlour has migrated is refused rather than guessed at.
"""

import re
from importlib import resources
from typing import Final

import asyncpg
from attrs import frozen

from persistence.postgres.bridge import CONNECT_SECONDS, in_asyncio
from persistence.records import StoreError

LOCK: Final = 0x7061726C6F7572  # "parlour": one migration at a time per database


class SchemaTooNew(StoreError):
    """The database has migrations that this version does not know."""


@frozen
class Migration:
    """One file: its number, name and SQL."""

    number: int
    name: str
    sql: str


def known_migrations() -> list[Migration]:
    """The files beside this module, by number."""
    found: list[Migration] = []
    for entry in resources.files("persistence.postgres").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_\w+\.sql", entry.name)
        if match is not None:
            found.append(Migration(int(match[1]), entry.name, entry.read_text()))
    return sorted(found, key=lambda migration: migration.number)


async def migrate(dsn: str, migrations: list[Migration] | None = None) -> list[str]:
    """Bring the database up to date; returns the names of the files applied now.

    Args:
        dsn: the database.
        migrations: what to apply; by default `known_migrations()`.

    Raises:
        SchemaTooNew: the database is ahead of this version.
        StoreUnavailable: the server cannot be reached.
    """
    known = known_migrations() if migrations is None else migrations
    return await in_asyncio(lambda: _migrate(dsn, known))


async def _migrate(dsn: str, known: list[Migration]) -> list[str]:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " number int PRIMARY KEY, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = await connection.fetch("SELECT number, name FROM schema_migrations")
        applied = {row["number"] for row in rows}
        unknown = applied - {migration.number for migration in known}
        if unknown:
            names = ", ".join(sorted(row["name"] for row in rows if row["number"] in unknown))
            raise SchemaTooNew(f"This database was migrated by a newer Parlour ({names})")
        missing = [migration for migration in known if migration.number not in applied]
        for migration in missing:
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)",
                    migration.number,
                    migration.name,
                )
        return [migration.name for migration in missing]
    finally:
        connection.terminate()
