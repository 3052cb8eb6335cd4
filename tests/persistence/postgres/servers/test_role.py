"""The rights of the hub's role on its own Postgres server."""

import asyncpg
import pytest

from persistence.interface import AuditEntry, Way
from persistence.postgres import open_postgres_store
from persistence.postgres.servers.role import ROLE, grant_rights, make_role
from persistence.records import Draft
from protocol.model import Posted
from protocol.revisions import Delete, Edit, React
from tests.support.stores.databases import Databases, execute
from tests.support.stores.records import changed, make_users


async def test_the_hub_can_write_rows_and_change_nothing_else(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        role = await make_role(dsn)
        assert await make_role(dsn) == role  # as when the hub starts again
        await grant_rights(dsn)
        assert await execute(role, "SELECT current_user") == ROLE
        is_super = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        assert await execute(role, is_super) is False
        for forbidden in (
            "CREATE TABLE mine ()",
            "ALTER TABLE messages ADD mine int",
            "DROP FUNCTION post_messages",
            "UPDATE schema_migrations SET name = name",
            "UPDATE audit SET peer = 'nobody'",
            "DELETE FROM audit",
            "TRUNCATE audit",
            "SELECT * FROM schema_migrations",
            "SELECT pg_read_file('PG_VERSION')",
            "COPY users TO PROGRAM 'cat'",
            "CREATE ROLE other SUPERUSER",
            "DROP TRIGGER users_announce_end ON users",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await execute(role, forbidden)


async def test_a_store_works_with_the_role_of_the_hub(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        role = await make_role(dsn)
        await grant_rights(dsn)
        async with open_postgres_store(role, pool_size=1, lanes=1) as store:
            ann, ben = await make_users(store, "ann", "ben")
            (posted,) = await store.messages.post([Draft(ann.id, ben.id, "hi")])
            assert isinstance(posted, Posted)
            assert await store.messages.last_id() == posted.message.id
            await store.messages.mark_read(ben.id, ann.id)
            for revision in (React("x"), Edit("ho"), Delete()):
                await changed(store, posted.message.id, revision, by=ann.id)
            await store.relations.block(ann.id, ben.id)
            await store.accounts.deactivate(ann.id, audit=AuditEntry(Way.HTTP, "::1", "deactivate"))
            assert len(await store.audit.page(before=None, limit=2)) == 1
