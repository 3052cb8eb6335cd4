"""Every unique key of the log begins with the channel, so that it can be divided."""

from attrs import evolve

from persistence.postgres.database.migrate import load_schema, migrate
from tests.support.stores.databases import (
    DIVIDED,
    Databases,
    execute,
    migrate_divided,
    run_script,
)


async def divided(dsn: str) -> list[str]:
    """The tables that can be divided by channel."""
    found = await execute(dsn, DIVIDED)
    assert isinstance(found, list)
    return found


async def test_rows_that_belong_to_a_message_get_its_channel(databases: Databases) -> None:
    async with databases.empty() as dsn:
        schema = load_schema()
        before = [each for each in schema.numbered if each.name < "schema/0024"]
        await migrate(dsn, evolve(schema, numbered=before, routines=[]))
        await run_script(
            dsn,
            """
            INSERT INTO users (username, name, password_hash, username_key, name_key)
            VALUES ('ann', 'Ann', '', 'ann', 'ann');
            INSERT INTO channels (kind, name) SELECT 'text', n FROM generate_series(1, 9) AS n;
            INSERT INTO messages (channel_id, seq, author_id, content, client_key)
            SELECT nr, 1, 1, 'text', 'k' || nr FROM generate_series(1, 9) AS nr;
            UPDATE messages SET root_id = 4, parent_id = 4 WHERE id = 5;
            INSERT INTO reactions (message_id, user_id, emoji) VALUES (6, 1, 'x'), (7, 1, 'x');
            INSERT INTO revision_keys VALUES (1, 'k', 6, '');
            INSERT INTO message_versions VALUES (6, 1, 'was', now());
            INSERT INTO pins VALUES (7, 7);
            INSERT INTO threads (root_id, replies) VALUES (4, 1);
            INSERT INTO thread_follows VALUES (1, 4);
            INSERT INTO hidden_messages VALUES (1, 8, true, 1);
            INSERT INTO mentions VALUES (8, 1, 8, 1);
            INSERT INTO search_documents VALUES (9, now(), 'word');
        """,
        )
        assert "schema/0024_channel_keys.sql" in await migrate(dsn)
        for table, channel_id in {
            "reactions WHERE id = 2": 7, "revision_keys": 6, "message_versions": 6, "threads": 4,
            "thread_follows": 4, "hidden_messages": 8, "search_documents": 9,
        }.items():  # fmt: skip
            assert await execute(dsn, f"SELECT channel_id FROM {table}") == channel_id
        post = "INSERT INTO {} VALUES ({}) RETURNING id"
        new = "messages (channel_id, seq, author_id, content, client_key)", "1, 2, 1, '', 'k9'"
        assert await execute(dsn, post.format(*new)) == 10
        new = "reactions (channel_id, message_id, user_id, emoji)", "1, 1, 1, 'x'"
        assert await execute(dsn, post.format(*new)) == 3
        await execute(dsn, "DELETE FROM messages")
        for table in await divided(dsn):
            assert await execute(dsn, f"SELECT count(*) FROM {table}") == 0, table


async def test_unique_keys_of_the_log_begin_with_the_channel(databases: Databases) -> None:
    async with databases.empty() as dsn:
        await migrate(dsn)
        tables = await divided(dsn)
        assert {"messages", "reactions", "search_documents", "mentions"} <= {*tables}
        others = await execute(dsn, """
            SELECT array_agg(i.indexrelid::regclass::text)
              FROM pg_index i
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indisunique AND i.indrelid = ANY ($1::text[]::regclass[])
               AND a.attname <> 'channel_id'
        """, tables)  # fmt: skip
        assert others is None


async def test_the_log_can_be_divided(databases: Databases) -> None:
    async with databases.empty() as dsn:
        await migrate_divided(dsn)
        kinds = """
            SELECT string_agg(DISTINCT c.relkind::text, '') FROM pg_class c
             WHERE c.oid = ANY ($1::text[]::regclass[])
        """
        assert await execute(dsn, kinds, await divided(dsn)) == "p"
        assert await migrate(dsn) == []
