"""The cost of a page: the same in a long conversation as in a short one, also before Postgres has
statistics of the tables.
"""

import json

import pytest

from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_database
from persistence.postgres.messages import CHANNEL_PAGE, CONVERSATION_AFTER, CONVERSATION_PAGE
from persistence.records import Draft
from protocol.model import MAX_ID, Posted
from tests.support.stores.databases import Databases
from tests.support.stores.plans import rows_read
from tests.support.stores.records import make_users

MESSAGES = 3_000
PAGE = 50


@pytest.mark.parametrize("is_analyzed", [False, True])
async def test_a_page_reads_little_more_than_it_shows(
    databases: Databases, *, is_analyzed: bool
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
        open_database(dsn, 1) as database,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        drafts = [Draft(ann.id, ben.id, str(number)) for number in range(MESSAGES)]
        first = (await store.messages.post(drafts))[0]
        assert isinstance(first, Posted)
        if is_analyzed:
            await database.fetch("ANALYZE")
        middle = first.message.id + MESSAGES // 2
        channel = first.message.channel_id
        for sql, *args in (
            (CONVERSATION_PAGE, ann.id, ben.id, 0, PAGE, MAX_ID),
            (CONVERSATION_PAGE, ann.id, ben.id, 0, PAGE, MESSAGES // 2),
            (CONVERSATION_AFTER, ann.id, ben.id, MESSAGES // 2, PAGE),
            (CHANNEL_PAGE, channel, MAX_ID, PAGE, MAX_ID, ben.id),
            (CHANNEL_PAGE, channel, middle, PAGE, MAX_ID, ben.id),
        ):
            assert len(await database.fetch(sql, *args)) == PAGE
            (row,) = await database.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
            (explained,) = json.loads(row["QUERY PLAN"])
            assert max(rows_read(explained["Plan"])) <= 4 * PAGE, row["QUERY PLAN"]
