"""A database of Parlour 0.1.0 is taken over with everything in it."""

from pathlib import Path
from typing import Final

import pytest

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.migrate import load_schema, migrate
from persistence.postgres.database.takeover import FILES_OF_0_1_0, UnknownSchema
from persistence.records import Draft, Side
from persistence.recoveries import Recovery
from protocol.model import (
    ChannelId,
    FollowStatus,
    GradingStatus,
    Message,
    MessageId,
    MessageKind,
    Posted,
    Reached,
    UserId,
)
from tests.support.stores.databases import Databases, execute, run_script

OF_0_1_0: Final = Path(__file__).with_name("database_0_1_0.sql").read_text()
ANN, BEN, EVE = UserId(1), UserId(2), UserId(3)
DM, DM_WITH_EVE, GENERAL = ChannelId(1), ChannelId(2), ChannelId(3)

# One line for each thing in the schema, as Postgres describes it.
CATALOG: Final = """
    WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    SELECT array_agg(line ORDER BY line) FROM (
        SELECT format('table %s %s %s %s', relname, relkind, relpersistence, reloptions)
          FROM ours WHERE relkind <> 'i'
        UNION ALL
        SELECT format('column %s %s %s %s %s %s %s', relname, attnum, attname,
                      format_type(atttypid, atttypmod), attnotnull, attidentity,
                      pg_get_expr(adbin, adrelid))
          FROM pg_attribute JOIN ours ON ours.oid = attrelid AND relkind = 'r'
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attnum > 0
        UNION ALL
        SELECT format('constraint %s %s %s', relname, conname, pg_get_constraintdef(c.oid))
          FROM pg_constraint c JOIN ours ON ours.oid = conrelid
        UNION ALL
        SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT format('sequence %s %s %s %s', sequencename, start_value, max_value, cycle)
          FROM pg_sequences WHERE schemaname = 'public'
        UNION ALL
        SELECT format('function %s', pg_get_functiondef(p.oid)) FROM pg_proc p
         WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t
          JOIN ours ON ours.oid = tgrelid WHERE NOT tgisinternal
        UNION ALL
        SELECT format('file %s %s', name, sha256) FROM schema_migrations
    ) AS described (line)
"""


async def catalog(dsn: str) -> list[str]:
    lines = await execute(dsn, CATALOG)
    assert isinstance(lines, list)
    return lines


async def test_a_database_taken_over_has_the_schema_of_a_new_one(databases: Databases) -> None:
    async with databases.empty() as old, databases.empty() as new:
        await run_script(old, OF_0_1_0)
        schema = load_schema()
        newer = [file.name for file in (*schema.numbered[1:], *schema.routines)]
        assert await migrate(old) == newer
        assert await migrate(old) == []
        await migrate(new)
        lines = await catalog(new)
        assert await catalog(old) == lines
        kinds = {line.partition(" ")[0] for line in lines}
        assert kinds == {
            "table", "column", "constraint", "index", "sequence", "function", "trigger", "file",
        }  # fmt: skip


async def test_a_database_taken_over_is_readable_and_takes_new_messages(
    databases: Databases,
) -> None:
    async with databases.empty() as dsn:
        await run_script(dsn, OF_0_1_0)
        await migrate(dsn)
        async with open_postgres_store(dsn, pool_size=2, lanes=1) as store:
            await require_people(store)
            await require_messages(store)
            await require_next_seqs(store)
        assert await execute(dsn, "SELECT count(*) FROM messages") == 9


async def require_people(store: Store) -> None:
    names = [user.username for user in await store.accounts.list_page(after=None, limit=9)]
    assert names == ["ann", "ben", "eve"]
    credentials = await store.accounts.credentials("ann@example.org")
    assert credentials is not None
    assert credentials.password_hash == "hash of ann"
    sessions = await store.sessions.find([b"token of ann", b"token of ben", b"token of eve"])
    assert [each and each.user.id for each in sessions] == [ANN, BEN, None]
    assert await store.sessions.secret("jwt", "another") == "the secret"
    following, followers = (
        await store.relations.related(ANN, Side.FOLLOWING),
        await store.relations.related(ANN, Side.FOLLOWERS),
    )
    assert [(each.user.id, each.status) for each in following] == [(EVE, FollowStatus.PENDING)]
    assert [(each.user.id, each.status) for each in followers] == [(EVE, FollowStatus.ACCEPTED)]
    assert [user.id for user in await store.relations.blocked(BEN)] == [EVE]
    (workspace,) = await store.workspaces.of_user(BEN)
    assert (workspace.name, workspace.members) == ("School", (ANN, BEN))
    recovery = await store.recoveries.find(b"recovery of ann", within=10**9)
    assert recovery == Recovery(ANN, {GENERAL: Reached(2)})


async def require_messages(store: Store) -> None:
    one, two = await store.messages.conversation_page(BEN, ANN, offset=0, limit=9)
    assert (one.seq, one.content, one.key, one.is_delivered) == (1, "one", "key 1", True)
    assert (two.seq, two.content, two.parent_id, two.read_by) == (2, "two", one.id, (ANN,))
    dm = await store.channels.access(ANN, DM)
    assert dm is not None
    assert dm.channel.pair == (ANN, BEN)
    conversations = await store.lists.conversations(ANN)
    listed = {each.peer.id: (each.unread_count, each.is_archived) for each in conversations}
    assert listed == {EVE: (1, True), BEN: (0, False)}
    assert await store.lists.unread_count(BEN) == 1
    page = await store.messages.channel_page(GENERAL, before=None, limit=9, viewer=BEN)
    homework, answer = page
    assert (homework.kind, homework.file_url) == (MessageKind.FILE, "/uploads/a.pdf")
    assert (homework.is_homework, homework.grading) == (True, GradingStatus.GRADED)
    assert await store.messages.pinned(GENERAL, viewer=BEN) == [homework]
    assert (answer.author_id, answer.content, answer.read_by) == (UserId(999), "42", (BEN,))
    upload = await store.uploads.visible(BEN, "/uploads/a.pdf")
    assert upload is not None
    assert await store.uploads.visible(EVE, "/uploads/a.pdf") is None


async def require_next_seqs(store: Store) -> None:
    """A repeat returns the stored message; new messages get the next seqs, after deleted ones."""
    outcomes = await store.messages.post(
        [
            Draft(ANN, BEN, "one", "key 1"),
            Draft(ANN, BEN, "four", parent_id=MessageId(2)),
            Draft(ANN, EVE, "second"),
            Draft(BEN, None, "third", channel_id=GENERAL),
        ]
    )
    posted = [each.message for each in outcomes if isinstance(each, Posted)]
    assert [place(each) for each in posted] == [(DM, 1), (DM, 4), (DM_WITH_EVE, 2), (GENERAL, 3)]
    assert [each.id for each in posted] == [1, 7, 8, 9]


def place(message: Message) -> tuple[ChannelId, int]:
    return message.channel_id, message.seq


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM schema_migrations WHERE number > 5",
        "INSERT INTO schema_migrations (number, name) VALUES (9, '0009_mine.sql')",
        "UPDATE schema_migrations SET name = '0003_mine.sql' WHERE number = 3",
    ],
)
async def test_another_old_schema_is_refused_and_left_as_it_is(
    databases: Databases, change: str
) -> None:
    async with databases.empty() as dsn:
        await run_script(dsn, OF_0_1_0)
        await execute(dsn, change)
        with pytest.raises(UnknownSchema, match=FILES_OF_0_1_0[0]):
            await migrate(dsn)
        assert await execute(dsn, "SELECT min(number) FROM schema_migrations") == 1
