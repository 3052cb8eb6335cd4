"""Names of an older database get keys by which they are compared; no account is lost."""

import structlog
from attrs import evolve

from persistence.postgres import open_postgres_store
from persistence.postgres.database.migrate import load_schema, migrate
from tests.support.stores.databases import Databases, execute


async def test_names_that_become_equal_keep_their_accounts_and_channels(
    databases: Databases,
) -> None:
    async with databases.empty() as dsn:
        schema = load_schema()
        await migrate(dsn, evolve(schema, numbered=schema.numbered[:11], routines=[]))
        await execute(dsn, """
            WITH people AS (INSERT INTO users (username, name, email, password_hash) VALUES
                                ('straße', 'Ann', 'SS@example.org', ''),
                                ('STRASSE', 'Ben', 'ß@example.org', ''),
                                ('strasse-2', 'Eve', 'eve@example.org', '') RETURNING id, username),
                 school AS (INSERT INTO workspaces (name, owner_id)
                            SELECT 'school', id FROM people WHERE username = 'straße' RETURNING id)
            INSERT INTO channels (kind, workspace_id, name)
            SELECT 'text', school.id, each FROM school, unnest(ARRAY['ß', 'SS', 'a']) AS each
        """)  # fmt: skip
        with structlog.testing.capture_logs() as logs:
            assert "schema/0012_name_keys.sql" in await migrate(dsn)
        names = await execute(dsn, "SELECT array_agg(username ORDER BY id) FROM users WHERE id < 9")
        assert names == ["straße", "STRASSE-2", "strasse-2-3"]
        names = await execute(dsn, "SELECT array_agg(name ORDER BY id) FROM channels")
        assert names == ["ß", "SS (2)", "a"]
        told = [(each["event"], each["id"]) for each in logs if each["log_level"] == "warning"]
        assert told == [
            ("username_changed", 2),
            ("username_changed", 3),
            ("channel_name_changed", 2),
            ("email_signs_nobody_in", 2),
        ]
        async with open_postgres_store(dsn, pool_size=2, lanes=1) as store:
            for login, number in (
                ("STRASSE", 1), ("Straße-2", 2), ("strasse-2-3", 3),
                ("ss@example.org", 1), ("ß@example.org", 1), ("eve@EXAMPLE.org", 3),
            ):  # fmt: skip
                found = await store.accounts.credentials(login)
                assert found is not None
                assert found.user.id == number
