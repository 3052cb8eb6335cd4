"""Revisions beside other transactions: the order in which they lock rows."""

from collections.abc import Sequence

import pytest
import trio
from attrs import evolve

from persistence.postgres import open_postgres_store
from tests.support.stores.databases import (
    Databases,
    execute,
    open_transaction,
    until_one_waits,
)
from tests.support.stores.records import make_channel, make_users, post_one, to_channel


def revise(by: int, ids: Sequence[int], action: str, key: str = "NULL") -> str:
    """A batch of one kind of revision by one user, in SQL, without a limit on lock waits."""
    revisions = ", ".join(f"({by}, {each}, '{action}', '', {key}, 60, false)" for each in ids)
    return f"""
        SELECT array_agg(r.verdict ORDER BY r.draft)
          FROM (SELECT array_agg(who) AS users, array_agg(id) AS ids, array_agg(action) AS actions,
                       array_agg(content) AS contents, array_agg(key::text) AS keys,
                       array_agg(seconds::double precision) AS seconds, array_agg(keeps) AS keeps
                  FROM (VALUES {revisions})
                       AS v (who, id, action, content, key, seconds, keeps)) AS d,
               revise_messages(d.users, d.ids, d.actions, d.contents, d.keys, d.seconds, d.keeps,
                               array_fill(NULL::jsonb, ARRAY[{len(ids)}]), NULL, true) AS r
    """


@pytest.mark.parametrize(
    ("held", "other"),
    [
        (
            "SELECT FROM messages WHERE id = {one} FOR UPDATE",
            "SELECT 1 FROM messages WHERE id = {two} FOR UPDATE NOWAIT",
        ),
        (
            "SELECT FROM threads WHERE root_id = {first} FOR UPDATE",
            "SELECT 1 FROM threads WHERE root_id = {second} FOR UPDATE NOWAIT",
        ),
    ],
)
async def test_a_batch_locks_rows_in_the_order_of_ids_whatever_its_own_order(
    databases: Databases, held: str, other: str
) -> None:
    """While it waits for the first row it does not lock the second: a removal of messages, which
    locks rows in that order, could wait for it.
    """
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        channel = await make_channel(store, ann, ben)
        first, second = [(await post_one(store, to_channel(ann, channel))).id for _ in range(2)]
        one, two = [
            (await post_one(store, evolve(to_channel(ann, channel), parent_id=root))).id
            for root in (first, second)
        ]
        names = {"first": first, "second": second, "one": one, "two": two}
        verdicts: list[object] = []

        async def run() -> None:
            verdicts.append(await execute(dsn, revise(ann.id, [two, one], "delete")))

        async with trio.open_nursery() as nursery, open_transaction(dsn, held.format(**names)):
            nursery.start_soon(run)
            await until_one_waits(dsn, verdicts)
            assert await execute(dsn, other.format(**names)) == 1
        assert verdicts == [["revised", "revised"]]


async def test_a_revision_with_the_same_key_in_another_channel_does_not_wait(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        places = [await make_channel(store, ann, ben) for _ in range(2)]
        one, two = [(await post_one(store, to_channel(ann, each))).id for each in places]
        async with open_transaction(dsn, revise(ann.id, [one], "delete", "'k'"), commit=True):
            verdicts = await execute(dsn, revise(ann.id, [two], "delete", "'k'"))
        assert verdicts == ["revised"]
