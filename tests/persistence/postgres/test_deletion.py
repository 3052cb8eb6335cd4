"""Deleting a user or a channel deletes its messages, also those that are being stored, although
there is no foreign key for it.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import asyncpg
import pytest
import trio
from attrs import evolve

from persistence.contents.revisions import Revised
from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.records import Draft, Gone
from protocol.model import ChannelId, Message, MessageFate, MessageKind, Posted, User
from protocol.revisions import React
from tests.support.stores.databases import (
    Databases,
    execute,
    open_transaction,
    until_one_waits,
    with_setting,
)
from tests.support.stores.records import (
    make_channel,
    make_upload,
    make_users,
    post_one,
    revised,
    to_channel,
)

ROUNDS = 10
LANES = 3
ORPHANS = """
    SELECT count(*) FROM messages m
     WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = m.author_id)
        OR NOT EXISTS (SELECT FROM channels c WHERE c.id = m.channel_id)
"""

UNGUARDED = """
    SELECT string_agg(format('%s.%s', r.conrelid::regclass, a.attname), ', ')
      FROM pg_constraint r
      JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = r.conkey[1]
     WHERE r.contype = 'f' AND r.confrelid = 'users'::regclass
       AND NOT EXISTS (
           SELECT FROM pg_trigger t
            WHERE t.tgrelid = r.conrelid AND t.tgfoid = 'refuse_deleted'::regproc
              AND position(a.attname in encode(t.tgargs, 'escape')) > 0)
"""


def in_channel(ann: User, ben: User, channel: ChannelId) -> list[Draft]:
    """A deletion of the author waits only for the lock on the author's row."""
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
async def test_messages_sent_during_a_deletion_are_refused_or_deleted_with_it(
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
            drafts = write(ann, ben, (await make_channel(store, eve, ann, ben)).id)
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


async def test_old_messages_are_removed_beside_replies_to_them(databases: Databases) -> None:
    """The removal waits for the first message without locking the others."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        places = [await make_channel(store, ann, ben), await make_channel(store, ann, ben)]
        two, one = [await post_one(store, to_channel(ann, each)) for each in places[::-1]]
        await execute(dsn, "UPDATE messages SET created_at = now() - interval '9 d'")
        removed: list[int] = []

        async def remove() -> None:
            found = await store.log.expire(5, above=ChannelId(0), channels=9, limit=9)
            removed.append(found.removed)

        hold = f"SELECT FROM messages WHERE id = {two.id} FOR KEY SHARE"
        async with trio.open_nursery() as nursery, open_transaction(dsn, hold):
            nursery.start_soon(remove)
            await until_one_waits(dsn, removed)
            replies = [
                evolve(to_channel(ben, place), parent_id=parent.id)
                for place, parent in zip(places, (one, two), strict=True)
            ]
            outcomes = await store.messages.post(replies)
            assert [type(each) for each in outcomes] == [Posted, Posted]
        assert removed == [2]


@pytest.mark.parametrize(
    "hold",
    [
        "INSERT INTO thread_follows (root_id, user_id, channel_id) VALUES ({second}, {ann}, {at})",
        "SELECT FROM threads WHERE root_id = {first} FOR UPDATE",
    ],
)
async def test_replies_are_removed_beside_others_in_the_same_threads(
    databases: Databases, hold: str
) -> None:
    """While one waits for a third transaction, it holds no thread that the other needs first."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben, cy = await make_users(store, "ann", "ben", "cy")
        channel = await make_channel(store, ann, ben, cy)
        first, second = [(await post_one(store, to_channel(ben, channel))).id for _ in range(2)]
        for root in (second, first):
            await post_one(store, evolve(to_channel(cy, channel), parent_id=root))
        post = f"""
            SELECT array_agg(verdict) FROM post_messages(
                ARRAY[{ann.id}], NULL, ARRAY[{channel.id}], ARRAY[1, 1], ARRAY['x', 'y'], NULL,
                ARRAY['text', 'text'], NULL, ARRAY[false, false], NULL, ARRAY[{second}, {first}],
                NULL, NULL)
        """
        held = hold.format(ann=ann.id, first=first, second=second, at=channel.id)
        verdicts: list[object] = []

        async def run(statement: str) -> None:
            verdicts.append(await execute(dsn, statement))

        async with (
            trio.open_nursery() as nursery,
            open_transaction(dsn, held, commit=True),
        ):
            nursery.start_soon(run, post)
            await until_one_waits(dsn, verdicts)
            nursery.start_soon(run, f"SELECT sweep_messages({cy.id}, false, 0, 99)")
            await until_one_waits(dsn, verdicts, waiting=2)
        assert ["posted", "posted"] in verdicts
        counts = await execute(dsn, "SELECT array_agg(replies) FROM threads")
        assert counts == [1, 1]


async def test_a_reply_stays_when_its_parent_is_deleted_with_the_author(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        channel = (await make_channel(store, ann, ben)).id
        (question,) = await store.messages.post([Draft(ben.id, None, "?", channel_id=channel)])
        assert isinstance(question, Posted)
        answer = Draft(ann.id, None, "!", "k", channel_id=channel, parent_id=question.message.id)
        (answered,) = await store.messages.post([answer])
        assert isinstance(answered, Posted)
        await execute(dsn, f"DELETE FROM users WHERE id = {ben.id}")
        left = await store.messages.channel_page(channel, before=None, limit=10)
        assert [(each.content, each.parent_id, each.seq) for each in left] == [("!", None, 2)]
        (again,) = await store.messages.post([answer])
        assert isinstance(again, Posted)
        assert (again.repeated, again.message.id) == (True, answered.message.id)
        with pytest.raises(Gone):
            await store.workspaces.create(ben.id, "Tea", None)


async def test_messages_with_a_file_are_deleted_with_the_account_that_uploaded_it(
    databases: Databases,
) -> None:
    """Also a copy that another user made, and a message that has only the file."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        url = await make_upload(store, ann)
        first = await post_one(store, Draft(ann.id, ben.id, "look", file_url=url))
        copy = await post_one(store, Draft(ben.id, eve.id, "", forwards=first.id))
        plain = await post_one(store, Draft(ben.id, eve.id, "hi"))
        assert copy.file_url == url
        await execute(dsn, f"DELETE FROM users WHERE id = {ann.id}")
        shown = await store.messages.conversation_page(ben.id, eve.id, limit=9)
        assert [each.id for each in shown] == [plain.id]
        left = await store.messages.get(copy.id, even_deleted=True)
        assert left is not None
        assert (left.is_deleted, left.content, left.file_url) == (True, "", None)
        assert await execute(dsn, "SELECT count(*) FROM messages WHERE file_url IS NOT NULL") == 0


async def test_every_reference_to_an_account_has_a_trigger_against_deleted_ones(
    databases: Databases,
) -> None:
    """The trigger refuses a row that refers to a deleted account."""
    async with databases.migrated() as dsn:
        assert await execute(dsn, UNGUARDED) is None


async def test_keys_and_sessions_stored_during_the_deletion_of_an_account_are_removed(
    databases: Databases,
) -> None:
    """Messages that stay have no keys, whenever they were stored; no session stays."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=4, lanes=LANES) as store,
    ):
        for _ in range(ROUNDS):
            ann, ben, eve = await make_users(store, "ann", "ben", "eve")
            channel = (await make_channel(store, eve, ann, ben)).id
            drafts = [
                Draft(ann.id, None, "in public", str(number), channel_id=channel)
                for number in range(50)
            ]
            drafts.append(Draft(ann.id, ben.id, "to ben", "k"))
            stored, deleted = trio.Event(), trio.Event()
            async with trio.open_nursery() as nursery:
                for _ in range(LANES):
                    nursery.start_soon(post_until, deleted, store, drafts, stored)
                    nursery.start_soon(sign_in_until, deleted, store, ann)
                await stored.wait()
                assert await store.accounts.delete(ann.id, MessageFate.KEEP)
                deleted.set()
            keys = f"SELECT count(client_key) FROM messages WHERE author_id = {ann.id}"
            assert await execute(dsn, keys) == 0
            sessions = f"SELECT count(*) FROM sessions WHERE user_id = {ann.id}"
            assert await execute(dsn, sessions) == 0
            await execute(dsn, "DELETE FROM workspaces")
            await execute(dsn, "DELETE FROM users WHERE role <> 'assistant'")


async def sign_in_until(over: trio.Event, store: Store, user: User) -> None:
    soon = timedelta(days=1)
    while not over.is_set():
        with suppress(Gone):
            await store.sessions.open(user.id, secrets.token_bytes(32), soon)


async def test_a_deletion_that_would_not_see_new_messages_is_refused(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "hello")])
        strict = with_setting(dsn, "default_transaction_isolation", "serializable")
        with pytest.raises(asyncpg.InvalidTransactionStateError, match="READ COMMITTED"):
            await execute(strict, f"DELETE FROM users WHERE id = {ann.id}")
        assert await store.messages.conversation_page(ben.id, ann.id, offset=0, limit=10)


@pytest.mark.parametrize("fate", MessageFate)
@pytest.mark.parametrize("forwards", [True, False])
async def test_a_message_that_gets_a_file_during_a_deletion_is_deleted_with_the_file(
    databases: Databases, fate: MessageFate, forwards: bool
) -> None:
    """The deletion sees a message that was stored meanwhile: no message keeps an address without a
    file.
    """
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        url = await make_upload(store, ann)
        shown = Draft(ann.id, ben.id, "see", None, MessageKind.IMAGE, url)
        original = await post_one(store, shown)
        kind, address = ("text", "NULL") if forwards else ("image", f"'{url}'")
        post = (
            f"SELECT FROM post_messages(ARRAY[{ben.id}], ARRAY[{eve.id}], NULL, ARRAY[1],"
            f" ARRAY[''], NULL, ARRAY['{kind}'], ARRAY[{address}], ARRAY[false], NULL, NULL,"
            f" ARRAY[{original.id if forwards else 'NULL'}]::bigint[], NULL)"
        )
        ended: list[object] = []

        async def delete() -> None:
            ended.append(await store.accounts.delete(ann.id, fate))

        async with (
            trio.open_nursery() as nursery,
            open_transaction(dsn, post, commit=True),  # when this block ends
        ):
            nursery.start_soon(delete)
            await until_one_waits(dsn, ended)
        assert ended == [True]
        assert await execute(dsn, "SELECT count(*) FROM uploads") == 0
        named = "SELECT count(*) FROM messages WHERE file_url IS NOT NULL"
        assert await execute(dsn, named) == 0
        assert await store.messages.conversation_page(ben.id, eve.id, limit=9) == []


async def hides(store: Store, user: User, message: Message) -> bool:
    return await store.notes.hide(user.id, message.id) is not None


async def follows(store: Store, user: User, message: Message) -> bool:
    return await store.threads.follow(user.id, message.id)


async def reacts(store: Store, user: User, message: Message) -> bool:
    return isinstance(await revised(store, message.id, React("x"), by=user.id), Revised)


@pytest.mark.parametrize("add", [hides, follows, reacts])
async def test_additions_to_a_message_that_is_being_removed_fail_and_leave_nothing(
    databases: Databases, add: Callable[[Store, User, Message], Awaitable[bool]]
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        message = await post_one(store, Draft(ann.id, ben.id, "hello"))
        added: list[bool] = []

        async def add_it() -> None:
            added.append(await add(store, ben, message))

        removal = f"DELETE FROM messages WHERE id = {message.id}"
        async with (
            trio.open_nursery() as nursery,
            open_transaction(dsn, removal, commit=True),  # when this block ends
        ):
            nursery.start_soon(add_it)
            await until_one_waits(dsn, added)
        assert added == [False]
        for table in ("hidden_messages", "thread_follows", "reactions"):
            assert await execute(dsn, f"SELECT count(*) FROM {table}") == 0, table


async def test_a_removal_that_would_not_see_new_additions_is_refused(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        await post_one(store, Draft(ann.id, ben.id, "hello"))
        strict = with_setting(dsn, "default_transaction_isolation", "repeatable%20read")
        with pytest.raises(asyncpg.InvalidTransactionStateError, match="READ COMMITTED"):
            await execute(strict, "DELETE FROM messages")
        assert await execute(dsn, "SELECT count(*) FROM messages") == 1
