"""Reading and removing messages over the whole log, a part at a time."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import pytest
from attrs import define

from persistence.interface import Store
from persistence.memory import open_memory_store
from persistence.postgres import open_postgres_store
from persistence.records import Draft, Span
from protocol.model import Channel, ChannelId, Message, MessageFate, MessageId, MessageKind, User
from protocol.revisions import Delete
from tests.support.stores.databases import Databases, execute
from tests.support.stores.records import (
    granted,
    log_of,
    make_channel,
    make_upload,
    make_users,
    post_one,
    revised,
    say,
    to_channel,
)

DAY: Final = timedelta(days=1)
START: Final = MessageId(0)


@define
class Clock:
    """The time of the store in memory."""

    now: datetime


@define
class Aged:
    """A store in which messages grow old."""

    store: Store
    dsn: str | None
    clock: Clock

    async def pass_days(self, days: int) -> None:
        """Make every message this many days older."""
        self.clock.now += days * DAY
        if self.dsn is not None:
            await execute(
                self.dsn, f"UPDATE messages SET created_at = created_at - interval '{days} days'"
            )

    async def expire(self, days: int, *, limit: int = 100, channels: int = 100) -> int:
        """Remove all messages that are too old; returns how many."""
        removed, above = 0, ChannelId(0)
        while True:
            part = await self.store.log.expire(days, above=above, channels=channels, limit=limit)
            removed += part.removed
            assert part.removed <= limit
            if part.next_above is None:
                return removed
            above = part.next_above


@pytest.fixture(params=["memory", "postgres"])
async def aged(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Aged]:
    clock = Clock(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    if request.param == "memory":
        yield Aged(open_memory_store(now=lambda: clock.now), None, clock)
        return
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        yield Aged(store, dsn, clock)


async def contents(store: Store, channel: Channel) -> list[str]:
    page = await store.messages.channel_page(channel.id, before=None, limit=1_000)
    return [each.content for each in page]


async def test_all_messages_of_an_author_are_found(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ben, ann)
    await say(store, ann, channel, "one")
    await say(store, ben, channel, "two")
    await post_one(store, Draft(ann.id, ben.id, "three"))
    (gone,) = await say(store, ann, channel, "gone")
    await revised(store, gone.id, Delete(), by=ann.id)
    workspace = channel.workspace_id
    assert workspace is not None
    granted(await store.workspaces.remove_member(workspace, ann.id, by=ben.id))
    await store.relations.block(ben.id, ann.id)
    found: list[str] = []
    above = START
    while (part := await store.log.written(ann.id, above=above, limit=2)).upto is not None:
        assert len(part.messages) <= 2
        found += [each.content for each in part.messages]
        above = part.upto
    assert found == ["one", "three"]


async def swept(store: Store, user: User, fate: MessageFate) -> int:
    """Sweep in parts of two messages; returns how many parts followed the first."""
    parts, above = 0, await store.log.sweep(user.id, fate, above=START, limit=2)
    while above is not None:
        above = await store.log.sweep(user.id, fate, above=above, limit=2)
        parts += 1
    return parts


@pytest.mark.partitions
async def test_a_sweep_removes_the_keys_of_messages_that_stay(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ben, ann)
    for number in range(5):
        await post_one(store, to_channel(ann, channel, f"{number}", f"k{number}"))
    await post_one(store, to_channel(ben, channel, "ben's", "k0"))
    assert await swept(store, ann, MessageFate.KEEP) >= 2
    page = await store.messages.channel_page(channel.id, before=None, limit=9)
    assert [each.key for each in page] == [None] * 5 + ["k0"]
    assert [each.content for each in page] == [*map(str, range(5)), "ben's"]


@pytest.mark.partitions
async def test_a_sweep_removes_messages_from_and_to_a_user(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ben, ann)
    for author in (ann, ben, ann):
        await say(store, author, channel, f"{author.name} wrote")
        await post_one(store, Draft(author.id, eve.id, f"{author.name} wrote to eve"))
    await post_one(store, Draft(eve.id, ann.id, "to ann"))
    assert await swept(store, ann, MessageFate.REMOVE) >= 3
    assert await contents(store, channel) == ["Ben wrote"]
    assert await log_of(store, eve, ann) == []
    assert [each.content for each in await log_of(store, eve, ben)] == ["Ben wrote to eve"]


async def test_messages_that_are_too_old_are_removed(aged: Aged) -> None:
    store = aged.store
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    await say(store, ann, channel, *map(str, range(7)))
    await post_one(store, Draft(ann.id, ben.id, "private"))
    await aged.pass_days(10)
    await say(store, ann, channel, "new")
    assert await aged.expire(0) == 0
    assert await aged.expire(11) == 0
    assert await aged.expire(9, limit=3, channels=1) == 8
    assert await contents(store, channel) == ["new"]
    assert await log_of(store, ann, ben) == []
    assert await aged.expire(9) == 0


async def test_a_workspace_may_have_its_own_retention(aged: Aged) -> None:
    store = aged.store
    ann, ben = await make_users(store, "ann", "ben")
    short, long, usual = [await make_channel(store, ann, ben) for _ in range(3)]
    for channel, days in ((short, 5), (long, 50), (usual, 0)):
        await say(store, ann, channel, "old")
        assert channel.workspace_id is not None
        assert await store.workspaces.set_retention(channel.workspace_id, days)
    await post_one(store, Draft(ann.id, ben.id, "private"))
    await aged.pass_days(10)
    assert await aged.expire(0) == 1
    assert await contents(store, short) == []
    assert await aged.expire(9) == 2
    assert await contents(store, long) == ["old"]
    assert await log_of(store, ann, ben) == []


async def test_positions_and_counts_stay_correct_after_messages_are_removed(aged: Aged) -> None:
    store = aged.store
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    old = await say(store, ann, channel, "read", "unread")
    await store.messages.mark_read_up_to(ben.id, old[0].id)
    parent = await post_one(store, Draft(ann.id, ben.id, "parent"))
    await post_one(store, Draft(ben.id, ann.id, "and then"))
    await aged.pass_days(10)
    reply = await post_one(store, Draft(ben.id, ann.id, "reply", parent_id=parent.id))
    (new,) = await say(store, ann, channel, "new")
    assert await store.messages.unread_in(ben.id, channel.id, among=99) == 2
    assert await aged.expire(5) == 4
    assert await store.messages.unread_in(ben.id, channel.id, among=99) == 1
    assert await store.lists.unread_count(ben.id) == 0
    assert await store.lists.unread_count(ann.id) == 1
    assert new.seq == 3
    missed = await store.messages.in_spans(ben.id, [Span(channel.id, 0, 3)], limit=9)
    assert [each.seq for each in missed] == [3]
    (head,) = await store.channels.heads(ben.id, [channel.id])
    assert head.last_seq == 3
    marks = await store.channels.watermarks(ben.id, [channel.id])
    assert (marks[channel.id].read, marks[channel.id].delivered) == (1, 1)
    assert await store.messages.get(old[1].id, even_deleted=True) is None
    assert (await replied(store, reply)).content == "reply"
    (after,) = await say(store, ann, channel, "after")
    assert after.seq == 4
    listed = await store.lists.conversations(ann.id)
    assert [each.last_message.content for each in listed] == ["reply"]
    assert not listed[0].is_request


async def replied(store: Store, reply: Message) -> Message:
    found = await store.messages.get(reply.id)
    assert found is not None
    return found


async def test_files_are_collected_with_messages_that_are_too_old(aged: Aged) -> None:
    store = aged.store
    ann, ben = await make_users(store, "ann", "ben")
    url = await make_upload(store, ann)
    await post_one(store, Draft(ann.id, ben.id, "see", None, MessageKind.IMAGE, url))
    await aged.pass_days(10)
    assert await aged.expire(5) == 1
    assert await store.uploads.collect(limit=9) == {url: True}
