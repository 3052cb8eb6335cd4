"""What becomes of a batch when its caller, or the database, gives up in the middle."""

import trio

from persistence.postgres import open_postgres_store
from persistence.records import Draft
from protocol.model import Posted, Refusal, UserId
from tests.support.stores.databases import Databases, execute
from tests.support.stores.records import make_channel, make_users


async def test_a_cancelled_post_is_unknown_and_its_repeat_exactly_once(
    databases: Databases,
) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        cancelled = 0
        for n in range(40):
            draft = Draft(ann.id, ben.id, str(n), f"k{n}")
            with trio.move_on_after(n * 0.000_05) as scope:
                await store.messages.post([draft])
            cancelled += scope.cancelled_caught
            (outcome,) = await store.messages.post([draft])
            assert isinstance(outcome, Posted)
            assert outcome.message.seq == n + 1
        assert cancelled


async def test_a_row_that_the_database_refuses_does_not_take_others_with_it(
    databases: Databases,
) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        contents = ["1", "nul \x00", "2", "lone \ud800", "3"]
        outcomes = await store.messages.post([Draft(ann.id, ben.id, c) for c in contents])
        assert [outcomes[1], outcomes[3]] == [Refusal.UNSTORABLE] * 2
        log = await store.messages.conversation_after(ann.id, ben.id, after_seq=0, limit=10)
        assert [(message.seq, message.content) for message in log] == [(1, "1"), (2, "2"), (3, "3")]


async def test_the_assistant_says_nothing_once_it_is_gone(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        channel = (await make_channel(store, ann)).id
        await execute(dsn, "DELETE FROM users WHERE id = 999")
        (outcome,) = await store.messages.post(
            [Draft(UserId(999), None, "hello", channel_id=channel)]
        )
        assert outcome is Refusal.NOT_A_MEMBER
