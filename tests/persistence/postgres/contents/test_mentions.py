"""The cost of mentions for users who have many, and mentions of members of only one channel."""

from persistence.contents.revisions import Revised
from persistence.postgres import open_postgres_store
from persistence.postgres.contents.mentions import LISTED
from persistence.postgres.database.bridge import open_database
from persistence.records import Draft
from protocol.model import MAX_ID, Posted
from protocol.revisions import Edit
from tests.support.stores.databases import Databases, execute, run_script
from tests.support.stores.records import make_channel, make_users, post_one, revised, to_channel

MANY = 3_000
PAGE = 20
JOIN = """
    INSERT INTO channel_members (channel_id, user_id)
    SELECT {channel}, {user} FROM pg_sleep(0.002)
"""
# Each message mentions everybody in its channel, and the second user by name.
FILL = f"""
    INSERT INTO messages (channel_id, seq, author_id, content)
    SELECT c.id, n, {{author}}, 'x' FROM channels c, generate_series(1, {MANY}) AS n;
    INSERT INTO mentions (message_id, user_id, channel_id, seq)
    SELECT m.id, u.id, m.channel_id, m.seq
      FROM messages m, unnest(ARRAY[NULL, {{named}}]) AS u (id);
    ANALYZE;
"""
# The counters are those of the transaction: the page has been made when they are read.
COUNTED = f"""
    SELECT p.found, s.looked_at
      FROM (SELECT count(*) AS found FROM ({LISTED}) AS page OFFSET 0) AS p
     CROSS JOIN LATERAL (
           SELECT sum(seq_tup_read + idx_tup_fetch) AS looked_at FROM pg_stat_xact_user_tables
            WHERE relname IN ('mentions', 'messages') AND p.found >= 0) AS s
"""


async def test_a_member_of_only_one_channel_is_mentioned_from_the_join_on(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, eve, guest = await make_users(store, "ann", "eve", "guest")
        channel = await make_channel(store, ann)
        await execute(dsn, JOIN.format(channel=channel.id, user=eve.id))
        await post_one(store, to_channel(ann, channel, "@channel"))
        edited = await post_one(store, to_channel(ann, channel, "to nobody"))
        await execute(dsn, JOIN.format(channel=channel.id, user=guest.id))
        assert await store.mentions.unread(guest.id) == {}
        assert await store.mentions.listed(guest.id, limit=9) == []
        done = await revised(store, edited.id, Edit("@channel"), by=ann.id)
        assert isinstance(done, Revised)
        assert done.mentioned == (eve.id,)
        (after,) = await store.messages.post(
            [Draft(ann.id, None, "@channel", channel_id=channel.id)]
        )
        assert isinstance(after, Posted)
        assert after.mentioned == tuple(sorted((eve.id, guest.id)))
        assert await store.mentions.unread(eve.id) == {channel.id: 3}
        assert await store.mentions.unread(guest.id) == {channel.id: 1}
        assert await store.mentions.listed(guest.id, limit=9) == [after.message]


async def test_a_page_of_mentions_reads_no_more_than_it_needs(databases: Databases) -> None:
    """For users with many mentions by name or of the channel, and for one who joined after them."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
        open_database(dsn, 1) as database,
    ):
        ann, ben, eve, late = await make_users(store, "ann", "ben", "eve", "late")
        channels = [await make_channel(store, ann, ben, eve) for _ in range(3)]
        await run_script(dsn, FILL.format(author=ann.id, named=ben.id))
        workspaces = [each.workspace_id for each in channels]
        for workspace_id in workspaces:
            assert workspace_id is not None
            await store.workspaces.add_member(workspace_id, late.id, by=ann.id)
        middle = await execute(dsn, "SELECT max(id) / 2 FROM messages")
        for user, before, found in (
            (ben, MAX_ID, PAGE),
            (eve, MAX_ID, PAGE),
            (eve, middle, PAGE),
            (late, MAX_ID, 0),
        ):
            (row,) = await database.fetch(COUNTED, user.id, True, True, before, PAGE)
            assert row["found"] == found
            assert row["looked_at"] < MANY / 4, user
