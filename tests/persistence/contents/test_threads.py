"""Threads: the replies to a message are counted, read, and followed, the same on every store."""

import pytest
from attrs import evolve

from persistence.contents.threads import ThreadPage
from persistence.interface import Store
from persistence.records import Draft, Gap, Span
from protocol.model import (
    Channel,
    Message,
    MessageFate,
    MessageId,
    Posted,
    Refusal,
    Reply,
    Thread,
    User,
    UserId,
)
from protocol.revisions import Delete, Edit
from tests.support.stores.records import (
    changed,
    log_of,
    make_channel,
    make_users,
    post,
    post_one,
    revised,
    to_channel,
)

ALL = ThreadPage(100)


def _reply(author: User, channel: Channel, parent: Message, key: str | None = None) -> Draft:
    return evolve(to_channel(author, channel), parent_id=parent.id, key=key)


def _thread(parent: Message, count: int, last: Message | None) -> Thread:
    shown = None if last is None else Reply(last.id, last.author_id, last.created_at)
    return Thread(parent.id, count, shown)


async def _now(store: Store, message: Message) -> Message:
    found = await store.messages.get(message.id, even_deleted=True)
    assert found is not None
    return found


async def test_every_reply_has_the_state_of_its_thread_after_it(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ann, channel))
    other = await post_one(store, to_channel(ben, channel))
    assert parent.replies is None
    assert parent.thread is None
    outcomes = await post(
        store,
        _reply(ben, channel, parent),
        _reply(ann, channel, other),
        to_channel(ann, channel),
        _reply(ann, channel, parent),
    )
    stored = [each.message for each in outcomes if isinstance(each, Posted)]
    one, two, plain, three = stored
    assert one.thread == _thread(parent, 1, one)
    assert two.thread == _thread(other, 1, two)
    assert plain.thread is None
    assert three.thread == _thread(parent, 2, three)
    four = await post_one(store, _reply(ben, channel, parent))
    assert four.thread == _thread(parent, 3, four)
    assert (await _now(store, parent)).replies == four.thread
    assert (await _now(store, one)).thread == four.thread


async def test_every_way_to_read_a_message_includes_its_thread(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    parent = await post_one(store, Draft(ann.id, ben.id, "parent"))
    reply = await post_one(store, Draft(ben.id, ann.id, "re", parent_id=parent.id))
    thread = _thread(parent, 1, reply)
    channel_id = parent.channel_id
    spans = await store.messages.in_spans(ann.id, [Span(channel_id, 0, 9)], limit=9)
    gaps = await store.messages.in_gaps([Gap(channel_id, 0, MessageId(0))], limit=9)
    page = await store.messages.channel_page(channel_id, before=None, limit=9)
    edited = await changed(store, parent.id, Edit("other"), by=ann.id)
    assert edited.replies == thread
    for shown in (spans, [each.message for each in gaps], page, await log_of(store, ann, ben)):
        assert [each.replies for each in shown] == [thread, None]
        assert [each.thread for each in shown] == [None, thread]
    assert [each.followers for each in gaps] == [(), (ann.id,)]


async def test_a_deleted_reply_does_not_count(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ann, channel))
    one, two = [await post_one(store, _reply(ben, channel, parent)) for _ in range(2)]
    deleted = await changed(store, two.id, Delete(), by=ben.id)
    assert deleted.thread == _thread(parent, 1, one)
    assert (await _now(store, parent)).replies == _thread(parent, 1, one)
    deleted = await changed(store, one.id, Delete(), by=ben.id)
    assert deleted.thread == _thread(parent, 0, None)
    assert (await _now(store, parent)).replies is None
    three = await post_one(store, _reply(ben, channel, parent))
    assert three.thread == _thread(parent, 1, three)


async def test_a_reply_to_a_reply_belongs_to_its_thread(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ann, channel))
    one = await post_one(store, _reply(ben, channel, parent))
    draft = _reply(ann, channel, one, "k")
    two = await post_one(store, draft)
    assert two.parent_id == one.id
    assert two.thread == _thread(parent, 2, two)
    assert await _now(store, two) == two
    repeat = Posted(two, repeated=True, workspace_id=channel.workspace_id)
    assert await post(store, draft) == [repeat]
    other = await post_one(store, to_channel(ann, channel))
    for another in (other.id, parent.id, None):
        assert await post(store, evolve(draft, parent_id=another)) == [Refusal.KEY_CONFLICT]
    await revised(store, one.id, Delete(), by=ben.id)
    assert await post(store, evolve(draft, key=None)) == [Refusal.PARENT_NOT_FOUND]
    assert (await _now(store, two)).parent_id == one.id
    three = await post_one(store, _reply(ben, channel, two))
    assert (three.parent_id, three.thread) == (two.id, _thread(parent, 2, three))
    await revised(store, parent.id, Delete(), by=ann.id)
    assert await post(store, _reply(ann, channel, two)) == [Refusal.PARENT_NOT_FOUND]


async def test_a_repeat_shows_the_thread_as_it_is_now(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    first = evolve(to_channel(ann, channel), key="p")
    parent = await post_one(store, first)
    draft = _reply(ann, channel, parent, "k")
    await post_one(store, draft)
    last = await post_one(store, _reply(ben, channel, parent))
    again, root = await post(store, draft, first)
    assert isinstance(again, Posted)
    assert isinstance(root, Posted)
    assert again.message.thread == root.message.replies == _thread(parent, 2, last)


@pytest.mark.partitions
async def test_replies_are_read_in_pages_from_either_end(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ann, channel))
    await post_one(store, to_channel(ann, channel))
    seqs = [(await post_one(store, _reply(ben, channel, parent))).seq for _ in range(4)]

    async def read(user_id: UserId, page: ThreadPage) -> list[int] | None:
        found = await store.threads.replies(user_id, parent.id, page)
        return None if found is None else [each.seq for each in found]

    assert await read(ann.id, ALL) == seqs
    assert await read(ann.id, ThreadPage(2, after=seqs[0])) == seqs[1:3]
    assert await read(ann.id, ThreadPage(2, newest=True)) == seqs[:1:-1]
    assert await read(ann.id, ThreadPage(9, before=seqs[2], newest=True)) == seqs[1::-1]
    assert await read(eve.id, ALL) is None
    lonely = await post_one(store, to_channel(ann, channel))
    assert await store.threads.replies(ann.id, lonely.id, ALL) == []
    assert await store.threads.replies(ann.id, MessageId(987_654), ALL) is None
    assert await store.threads.replies(ann.id, parent.id, ALL, only_private=True) is None
    await revised(store, parent.id, Delete(), by=ann.id)
    assert await read(ann.id, ALL) is None


async def test_authors_follow_a_thread_until_they_unfollow_it(store: Store) -> None:
    ann, ben, cy, eve = await make_users(store, "ann", "ben", "cy", "eve")
    channel = await make_channel(store, ann, ben, cy)
    threads = store.threads
    parent = await post_one(store, to_channel(ann, channel))

    async def told(author: User) -> tuple[UserId, ...]:
        (posted,) = await post(store, _reply(author, channel, parent))
        assert isinstance(posted, Posted)
        return posted.followers

    assert await told(ben) == (ann.id,)
    assert await told(ann) == (ben.id,)
    assert await threads.follow(cy.id, parent.id)
    assert await threads.follow(cy.id, parent.id)
    assert await told(ben) == (ann.id, cy.id)
    assert await threads.unfollow(ann.id, parent.id)
    assert await told(ann) == (ben.id, cy.id)
    assert await told(ben) == (cy.id,)
    assert await threads.follow(ann.id, parent.id)
    assert await told(cy) == (ann.id, ben.id)
    assert not await threads.follow(eve.id, parent.id)
    assert not await threads.unfollow(eve.id, parent.id)
    assert not await threads.follow(ann.id, MessageId(987_654))
    assert channel.workspace_id is not None
    await store.workspaces.remove_member(channel.workspace_id, cy.id, by=cy.id)
    assert await told(ben) == (ann.id,)


@pytest.mark.partitions
async def test_followed_threads_are_listed_with_their_unread_counts(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    threads = store.threads
    one, two, three = [await post_one(store, to_channel(ann, channel)) for _ in range(3)]
    for parent in (one, two, one):
        await post_one(store, _reply(ben, channel, parent))

    async def listed(user: User, before: int = 10**9) -> list[tuple[MessageId, int]]:
        found = await threads.followed(user.id, before=before, limit=9)
        return [(each.message.id, each.unread_count) for each in found]

    assert await listed(ann) == [(one.id, 2), (two.id, 1)]
    assert await listed(ben) == [(one.id, 0), (two.id, 0)]
    (first, _) = await threads.followed(ann.id, limit=9)
    assert await listed(ann, first.place) == [(two.id, 1)]
    assert await threads.followed(ann.id, limit=9, only_private=True) == []
    assert await threads.mark_read(ann.id, one.id, up_to=4)
    assert await listed(ann) == [(one.id, 1), (two.id, 1)]
    assert await threads.mark_read(ann.id, one.id)
    assert await threads.mark_read(ann.id, one.id, up_to=4)
    assert await listed(ann) == [(one.id, 0), (two.id, 1)]
    assert not await threads.mark_read(ben.id, three.id)
    await post_one(store, _reply(ann, channel, two))
    assert await listed(ben) == [(two.id, 1), (one.id, 0)]
    await threads.follow(ben.id, three.id)
    assert await listed(ben) == [(two.id, 1), (one.id, 0), (three.id, 0)]
    await threads.unfollow(ben.id, two.id)
    await revised(store, one.id, Delete(), by=ann.id)
    assert await listed(ben) == [(three.id, 0)]


async def test_replies_across_a_block_are_not_counted(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    first = await post_one(store, to_channel(ann, channel))
    for author in (ben, eve, ben):
        await post_one(store, _reply(author, channel, first))

    async def unread() -> list[int]:
        return [each.unread_count for each in await store.threads.followed(ann.id, limit=9)]

    assert await unread() == [3]
    await store.relations.block(ann.id, ben.id)
    assert await unread() == [1]
    await store.relations.unblock(ann.id, ben.id)
    assert await unread() == [3]


async def test_a_thread_with_a_hidden_root_is_left_out_of_the_list(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ann, channel))
    await post_one(store, _reply(ben, channel, parent))
    await store.notes.hide(ben.id, parent.id)
    assert await store.threads.followed(ben.id, limit=9) == []
    (listed,) = await store.threads.followed(ann.id, limit=9)
    await store.notes.hide(ben.id, parent.id, is_hidden=False)
    (again,) = await store.threads.followed(ben.id, limit=9)
    assert (listed.message.id, again.message.id) == (parent.id, parent.id)


async def test_a_blocked_user_neither_lists_nor_reads_the_thread(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    parent = await post_one(store, Draft(ann.id, ben.id, "parent"))
    await post_one(store, Draft(ben.id, ann.id, "re", parent_id=parent.id))
    await store.relations.block(ann.id, ben.id)
    assert await store.threads.followed(ben.id, limit=9) == []
    assert not await store.threads.mark_read(ben.id, parent.id)
    assert await store.threads.replies(ben.id, parent.id, ALL) is None


@pytest.mark.parametrize("fate", MessageFate)
async def test_reply_counts_stay_correct_when_an_account_is_deleted(
    store: Store, fate: MessageFate
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ann, channel))
    mine = await post_one(store, _reply(ann, channel, parent))
    theirs = await post_one(store, _reply(ben, channel, parent))
    await store.accounts.delete(ben.id, fate)
    left = theirs if fate is MessageFate.KEEP else mine
    count = 2 if fate is MessageFate.KEEP else 1
    assert (await _now(store, parent)).replies == _thread(parent, count, left)
    assert await store.threads.followed(ben.id, limit=9) == []


async def test_replies_to_a_message_removed_with_its_account_have_no_parent(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    parent = await post_one(store, to_channel(ben, channel))
    reply = await post_one(store, _reply(ann, channel, parent))
    await store.accounts.delete(ben.id, MessageFate.REMOVE)
    now = await _now(store, reply)
    assert (now.parent_id, now.thread) == (None, None)
    assert await store.threads.followed(ann.id, limit=9) == []


@pytest.mark.partitions
async def test_removing_a_message_changes_the_parents_of_its_replies_only(
    store: Store,
) -> None:
    ann, ben, cy = await make_users(store, "ann", "ben", "cy")
    channel = await make_channel(store, cy, ann, ben)
    first = await post_one(store, to_channel(ann, channel))
    middle = await post_one(store, _reply(ben, channel, first))
    draft = _reply(cy, channel, middle, "k")
    last = await post_one(store, draft)
    answer = await post_one(store, _reply(cy, channel, last))
    await store.accounts.delete(ben.id, MessageFate.REMOVE)
    now = await _now(store, last)
    assert (now.parent_id, now.thread) == (first.id, _thread(first, 2, answer))
    assert (await post(store, draft)) == [
        Posted(now, repeated=True, workspace_id=channel.workspace_id)
    ]
    await store.accounts.delete(ann.id, MessageFate.REMOVE)
    assert (await _now(store, last)).parent_id is None
    now = await _now(store, answer)
    assert (now.parent_id, now.thread) == (last.id, None)
    another = await post_one(store, _reply(cy, channel, answer))
    assert (another.parent_id, another.thread) == (answer.id, _thread(answer, 1, another))
