"""The role that the hub works as, on a Postgres server of its own.

Guarantees: the role can read and write rows, and nothing else: it owns nothing, and can change
neither the schema, nor `schema_migrations`, nor rows of the audit, and cannot read files of the
server. Must not know: which tables there are.
"""

from functools import partial
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from persistence.postgres.database.bridge import in_asyncio

ROLE: Final = "parlour_hub"

LOCK: Final = 0x7061726C6F7576
"""Two sessions cannot change the rights to the same object at once."""

_MAKE: Final = f"""
    SELECT pg_advisory_xact_lock({LOCK});
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
            CREATE ROLE {ROLE} LOGIN;
        END IF;
    END $$;
    ALTER ROLE {ROLE} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
"""
_GRANT: Final = f"""
    SELECT pg_advisory_xact_lock({LOCK});
    GRANT USAGE ON SCHEMA public TO {ROLE};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE};
    REVOKE ALL ON schema_migrations FROM {ROLE};
    REVOKE UPDATE, DELETE ON audit FROM {ROLE};
"""


async def make_role(dsn: str) -> str:
    """Make the role, if there is none, and return the DSN for it.

    Args:
        dsn: a database, as a superuser who needs no password.
    """
    await in_asyncio(partial(_run, dsn, _MAKE))
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{ROLE}@{host}{parts.path}?{parts.query}"


async def grant_rights(dsn: str) -> None:
    """Give the role its rights to the existing tables and sequences.

    Args:
        dsn: a database whose schema is up to date, as a superuser.
    """
    await in_asyncio(partial(_run, dsn, _GRANT))


async def _run(dsn: str, script: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(script)
    finally:
        await connection.close()
