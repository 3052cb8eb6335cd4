"""Messages have an author and a channel, though no foreign key says so: whoever is deleted takes
them along, also those that are being stored.
"""

from collections.abc import Callable, Sequence

import asyncpg
import pytest
import trio

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.records import Draft, NewChannel
from protocol.model import ChannelId, Posted, Refusal, User, UserId
from tests.persistence.people import make_users
from tests.support.stores.databases import Databases, execute

ROUNDS = 10
LANES = 3
ORPHANS = """
    SELECT count(*) FROM messages m
     WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = m.author_id)
        OR NOT EXISTS (SELECT FROM channels c WHERE c.id = m.channel_id)
"""


async def make_channel(store: Store, owner: User, *members: User) -> ChannelId:
    workspace = await store.workspaces.create(owner.id, "school", None)
    for member in members:
        await store.workspaces.add_member(workspace.id, member.id)
    channel = await store.channels.create(NewChannel(workspace.id, "general"))
    assert channel is not None
    return channel.id


def in_channel(ann: User, ben: User, channel: ChannelId) -> list[Draft]:
    """Nothing but the author's row tells a deletion of the author that this is under way."""
    drafts = [Draft(ann.id, None, str(number), channel_id=channel) for number in range(100)]
    return [*drafts, Draft(ben.id, None, "me too", channel_id=channel)]


def in_all_places(ann: User, ben: User, channel: ChannelId) -> list[Draft]:
    to_each_other = [Draft(ann.id, ben.id, "to ben"), Draft(ben.id, ann.id, "to ann")]
    return [*in_channel(ann, ben, channel), *to_each_other]


@pytest.mark.parametrize(
    ("deletion", "write"),
    [
        ("DELETE FROM users WHERE username = 'ann'", in_channel),
        ("DELETE FROM users WHERE username = 'ben'", in_all_places),
        (
            "DELETE FROM channels WHERE id IN (SELECT id FROM channels ORDER BY id FOR UPDATE)",
            in_all_places,
        ),
        ("DELETE FROM workspaces", in_all_places),
    ],
)
async def test_what_is_stored_while_its_place_is_deleted_is_refused_or_goes_with_it(
    databases: Databases,
    deletion: str,
    write: Callable[[User, User, ChannelId], Sequence[Draft]],
) -> None:
    """Several lanes post while the deletion runs, each round with new people."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=LANES) as store,
    ):
        for _ in range(ROUNDS):
            ann, ben, eve = await make_users(store, "ann", "ben", "eve")
            drafts = write(ann, ben, await make_channel(store, eve, ann, ben))
            stored = trio.Event()
            deleted = trio.Event()
            async with trio.open_nursery() as nursery:
                for _ in range(LANES):
                    nursery.start_soon(post_until, deleted, store, drafts, stored)
                await stored.wait()
                await execute(dsn, deletion)
                deleted.set()
            assert await execute(dsn, ORPHANS) == 0
            await execute(dsn, "DELETE FROM workspaces")
            await execute(dsn, "DELETE FROM users WHERE role <> 'assistant'")
        assert await execute(dsn, "SELECT count(*) FROM messages") == 0


async def post_until(
    over: trio.Event, store: Store, drafts: Sequence[Draft], stored: trio.Event
) -> None:
    while not over.is_set():
        outcomes = await store.messages.post(drafts)
        if all(isinstance(outcome, Posted) for outcome in outcomes):
            stored.set()


async def test_a_reply_stays_when_what_it_answers_is_gone(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        channel = await make_channel(store, ann, ben)
        (question,) = await store.messages.post([Draft(ben.id, None, "?", channel_id=channel)])
        assert isinstance(question, Posted)
        answer = Draft(ann.id, None, "!", channel_id=channel, parent_id=question.message.id)
        (answered,) = await store.messages.post([answer])
        assert isinstance(answered, Posted)
        await execute(dsn, f"DELETE FROM users WHERE id = {ben.id}")
        left = await store.messages.channel_page(channel, before=None, limit=10)
        assert [(each.content, each.parent_id, each.seq) for each in left] == [("!", None, 2)]


async def test_a_deletion_that_would_overlook_new_messages_is_refused(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "hello")])
        strict = f"{dsn}{'&' if '?' in dsn else '?'}default_transaction_isolation=serializable"
        with pytest.raises(asyncpg.InvalidTransactionStateError, match="READ COMMITTED"):
            await execute(strict, f"DELETE FROM users WHERE id = {ann.id}")
        assert await store.messages.conversation_page(ben.id, ann.id, offset=0, limit=10)


async def test_the_assistant_says_nothing_once_it_is_gone(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        channel = await make_channel(store, ann)
        await execute(dsn, "DELETE FROM users WHERE id = 999")
        (outcome,) = await store.messages.post(
            [Draft(UserId(999), None, "hello", channel_id=channel)]
        )
        assert outcome is Refusal.NOT_A_MEMBER
