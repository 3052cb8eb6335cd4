"""Reading the log, and its watermarks: the same on every store."""

import pytest
from attrs import evolve

from persistence.contents.revisions import RevisionRefusal
from persistence.contents.threads import ThreadPage
from persistence.interface import Store
from persistence.records import Draft, Gap, Newest, Span
from protocol.model import ChannelId, GradingStatus, Message, MessageId, Posted, UserId
from protocol.revisions import Delete, Grade, Pin
from tests.support.stores.records import (
    NOBODY,
    NOWHERE,
    changed,
    log_of,
    make_channel,
    make_users,
    post,
    post_one,
    revised,
    say,
    to_channel,
)


async def test_pages_from_the_newest_and_forward_from_a_seq(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post(store, *(Draft(ann.id, ben.id, str(n)) for n in range(1, 8)))
    messages = store.messages

    async def page(offset: int, limit: int) -> list[int]:
        found = await messages.conversation_page(ben.id, ann.id, offset=offset, limit=limit)
        return [message.seq for message in found]

    assert await page(0, 3) == [5, 6, 7]
    assert await page(3, 3) == [2, 3, 4]
    assert await page(6, 3) == [1]
    assert await page(9, 3) == []
    after = await messages.conversation_after(ann.id, ben.id, after_seq=4, limit=2)
    assert [message.seq for message in after] == [5, 6]
    assert await messages.conversation_after(ann.id, NOBODY, after_seq=0, limit=2) == []


async def test_watermarks_move_only_forward_and_decide_what_is_read(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    messages = store.messages
    assert (await messages.mark_read(ben.id, ann.id)).advance is None
    await post(store, Draft(ann.id, ben.id, "1"), Draft(ann.id, ben.id, "2"))
    assert await store.lists.unread_count(ben.id) == 2
    advance = (await messages.mark_read(ben.id, ann.id)).advance
    assert advance is not None
    assert advance.seq == 2
    assert (await messages.mark_read(ben.id, ann.id)).advance is None
    await post_one(store, Draft(ann.id, ben.id, "3"))
    await post_one(store, Draft(ben.id, ann.id, "4"))
    assert [message.is_read for message in await log_of(store, ann, ben)] == [
        True,
        True,
        False,
        False,
    ]
    assert await store.lists.unread_count(ben.id) == 1
    assert await store.lists.unread_count(ann.id) == 1
    await messages.mark_read(ann.id, ben.id)
    assert await store.lists.unread_count(ann.id) == 0


async def test_archived_conversations_are_not_counted_with_the_others(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    messages = store.messages
    await post(store, *(Draft(each.id, ann.id, "x") for each in (ben, ben, eve)))

    async def counts() -> tuple[int, int]:
        listed = await store.lists.conversations(ann.id)
        shown = sum(each.unread_count for each in listed if not each.is_archived)
        found = await store.lists.unread_count(ann.id)
        assert found == shown
        return sum(each.unread_count for each in listed), found

    assert await counts() == (3, 3)
    await messages.archive(ann.id, ben.id)
    assert await counts() == (3, 1)
    last = await post_one(store, Draft(ben.id, ann.id, "new"))
    assert await counts() == (4, 4)
    await revised(store, last.id, Delete(), by=ben.id)
    assert await counts() == (3, 1)


async def test_a_blocked_user_cannot_archive_the_conversation(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, "x"))
    await store.relations.block(ann.id, ben.id)
    assert await store.messages.archive(ben.id, ann.id) is False
    assert await store.messages.archive(ann.id, ben.id) is True


async def test_messages_of_blocked_users_do_not_count_as_unread(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    await post(store, *(Draft(each.id, ann.id, "x") for each in (ben, ben, eve)))
    await store.relations.accept_message_request(ann.id, ben.id)
    await store.relations.block(ann.id, ben.id)
    assert await store.lists.unread_count(ann.id) == 1
    listed = await store.lists.conversations(ann.id)
    assert [each.unread_count for each in listed] == [1, 0]
    await store.relations.unblock(ann.id, ben.id)
    assert await store.lists.unread_count(ann.id) == 3


async def test_what_is_left_of_a_deleted_message_can_be_marked_delivered_and_read(
    store: Store,
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, "1"))
    last = await post_one(store, Draft(ann.id, ben.id, "2", file_url="https://x.example/"))
    messages = store.messages
    await revised(store, last.id, Delete(), by=ann.id)
    assert await messages.get(last.id) is None
    left = await messages.get(last.id, even_deleted=True)
    assert left == evolve(last, content="", file_url=None, is_deleted=True, rev=1)
    delivered = await messages.mark_delivered_up_to(ben.id, last.id)
    read = (await messages.mark_read_up_to(ben.id, last.id)).advance
    for advance in (delivered, read):
        assert advance is not None
        assert (advance.seq, len(advance.message_ids)) == (2, 1)
    assert await store.lists.unread_count(ben.id) == 0


async def test_conversations_newest_first_with_exact_unread_counts(store: Store) -> None:
    ann, ben, eve, kim = await make_users(store, "ann", "ben", "eve", "kim")
    await post(store, Draft(ben.id, ann.id, "1"), Draft(ben.id, ann.id, "2"))
    await post(store, Draft(ann.id, eve.id, "3"))
    await post(store, Draft(kim.id, ann.id, "4"))
    await store.relations.request_follow(ann.id, kim.id)
    listed = await store.lists.conversations(ann.id)
    assert [each.peer for each in listed] == [kim, eve, ben]
    assert [each.last_message.content for each in listed] == ["4", "3", "2"]
    assert [each.unread_count for each in listed] == [1, 0, 2]
    assert [each.is_request for each in listed] == [False, False, True]
    assert await store.lists.unread_count(ann.id) == 3
    assert await store.lists.conversations(NOBODY) == []


async def test_pages_go_back_by_id(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel, other = await make_channel(store, ann), await make_channel(store, ann)
    messages = []
    for n in range(6):
        messages.append(await post_one(store, to_channel(ann, channel, str(n))))
        await post_one(store, to_channel(ann, other, "elsewhere"))
    page = store.messages.channel_page
    assert await page(channel.id, before=None, limit=3) == messages[3:]
    assert await page(channel.id, before=messages[3].id, limit=2) == messages[1:3]
    assert await page(channel.id, before=MessageId(messages[3].id + 1), limit=2) == messages[2:4]
    assert await page(channel.id, before=messages[0].id, limit=2) == []
    assert await page(NOWHERE, before=None, limit=2) == []


async def test_a_reply_has_the_id_of_its_parent(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    first = await post_one(store, to_channel(ann, channel))
    draft = Draft(ann.id, None, "re", channel_id=channel.id, parent_id=first.id)
    reply = await post_one(store, draft)
    assert reply.parent_id == first.id
    assert await store.messages.get(reply.id) == reply


async def test_a_deleted_message_is_gone_but_keeps_its_number(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    first, second = [await post_one(store, to_channel(ann, channel, c)) for c in "12"]
    await changed(store, first.id, Pin(), by=ann.id)
    assert (await changed(store, first.id, Delete(), by=ann.id)).is_deleted
    again = await revised(store, first.id, Delete(), by=ann.id)
    assert again is RevisionRefusal.NOT_FOUND
    assert await store.messages.get(first.id) is None
    assert await store.messages.pinned(channel.id) == []
    assert await store.messages.channel_page(channel.id, before=None, limit=9) == [second]
    assert await store.messages.unread_in(ben.id, channel.id, among=50) == 1
    assert (await post_one(store, to_channel(ann, channel, "3"))).seq == 3
    advance = (await store.messages.mark_read_up_to(ben.id, second.id)).advance
    assert advance is not None
    assert advance.message_ids == (second.id,)
    assert (await store.messages.mark_read_up_to(ben.id, first.id)).advance is None
    pinned = await revised(store, first.id, Pin(), by=ann.id)
    graded = await revised(store, first.id, Grade(GradingStatus.GRADED), by=ann.id)
    assert {pinned, graded} == {RevisionRefusal.NOT_FOUND}


async def test_a_deleted_private_message_leaves_the_conversation(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, Draft(ann.id, ben.id, "1"))
    second = await post_one(store, Draft(ann.id, ben.id, "2"))
    await revised(store, second.id, Delete(), by=ann.id)
    (listed,) = await store.lists.conversations(ben.id)
    assert (listed.last_message, listed.unread_count) == (first, 1)
    assert await store.lists.unread_count(ben.id) == 1
    await revised(store, first.id, Delete(), by=ann.id)
    assert await store.lists.conversations(ben.id) == []


@pytest.mark.partitions
async def test_read_and_delivered_marks_are_not_shown_across_a_block(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    message = await post_one(store, to_channel(ben, channel))
    reply = await post_one(store, evolve(to_channel(ben, channel), parent_id=message.id))
    await revised(store, message.id, Pin(), by=ann.id)
    messages = store.messages
    for reader in (ann, eve):
        await messages.mark_read_up_to(reader.id, reply.id)
    await messages.mark_delivered_up_to(ben.id, message.id)

    async def seen_by(viewer: UserId) -> list[Message | None]:
        spans = [Span(channel.id, 0, 1)]
        newest = await store.lists.newest(viewer, [channel.id], among=9)
        return [
            (await messages.channel_page(channel.id, before=None, limit=9, viewer=viewer))[0],
            await messages.get(message.id, viewer=viewer),
            *(await store.threads.replies(viewer, message.id, ThreadPage(9)) or ()),
            (await messages.pinned(channel.id, viewer=viewer))[0],
            (await messages.in_spans(viewer, spans, limit=9))[0],
            newest[channel.id].message,
        ]

    for each in await seen_by(ben.id):
        assert each is not None
        assert (each.read_by, each.is_delivered) == ((ann.id, eve.id), True)
    for blocker, blocked in ((eve, ben), (ben, eve)):
        await store.relations.block(blocker.id, blocked.id)
        for each in await seen_by(ben.id):
            assert each is not None
            assert each.read_by == (ann.id,)
        await store.relations.unblock(blocker.id, blocked.id)
    gaps = [Gap(channel.id, 0, MessageId(0))]
    for each in (
        *await messages.channel_page(channel.id, before=None, limit=9),
        *(posted.message for posted in await messages.in_gaps(gaps, limit=9)),
    ):
        assert (each.read_by, each.is_delivered) == ((), False)
    await store.relations.block(ann.id, ben.id)
    await store.relations.block(eve.id, ben.id)
    assert [each and each.is_delivered for each in await seen_by(ben.id)] == [False] * 6
    shown = await messages.get(message.id, viewer=ann.id)
    assert shown is not None
    assert shown.read_by == (ann.id, eve.id)


async def test_marks_of_a_blocked_peer_are_not_shown_any_more(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, "1"))
    await store.messages.mark_read(ben.id, ann.id)
    await store.relations.block(ann.id, ben.id)
    (shown,) = await log_of(store, ann, ben)
    (listed,) = await store.lists.conversations(ann.id)
    assert [shown.is_read, shown.is_delivered, listed.last_message.is_read] == [False] * 3


async def test_read_marks_move_forward_to_a_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    first, own, third, fourth = [
        await post_one(store, to_channel(author, channel)) for author in (ann, ben, ann, ann)
    ]
    messages = store.messages
    advance = (await messages.mark_read_up_to(ben.id, third.id)).advance
    assert advance is not None
    assert (advance.channel_id, advance.seq, advance.peer_id) == (channel.id, 3, None)
    assert advance.message_ids == (first.id, third.id)
    assert (await messages.mark_read_up_to(ben.id, first.id)).advance is None
    assert (await messages.mark_read_up_to(eve.id, fourth.id)).advance is None
    page = await messages.channel_page(channel.id, before=None, limit=9, viewer=ann.id)
    assert [message.read_by for message in page] == [(ben.id,), (), (ben.id,), ()]
    assert await messages.unread_in(ben.id, channel.id, among=50) == 1
    assert await messages.unread_in(ann.id, channel.id, among=50) == 1
    assert await messages.unread_in(ann.id, channel.id, among=2) == 0
    assert own.id == page[1].id


async def test_at_most_the_newest_thousand_of_the_newly_read_messages_are_named(
    store: Store,
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    outcomes = await store.messages.post([Draft(ann.id, ben.id, str(n)) for n in range(1_030)])
    ids = [each.message.id for each in outcomes if isinstance(each, Posted)]
    advance = (await store.messages.mark_read(ben.id, ann.id)).advance
    assert advance is not None
    assert (advance.seq, advance.peer_id) == (1_030, ann.id)
    assert advance.message_ids == tuple(ids[-1_000:])


async def test_users_who_may_no_longer_see_a_channel_are_not_in_the_audience_of_a_mark(
    store: Store,
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, eve, ann, ben)
    for author in (ann, ben):
        await post_one(store, to_channel(author, channel))
    workspace_id = channel.workspace_id
    assert workspace_id is not None
    await store.workspaces.remove_member(workspace_id, ann.id, by=eve.id)
    await store.relations.request_follow(ben.id, ann.id)
    page = await store.messages.channel_page(channel.id, before=None, limit=1)
    advance = (await store.messages.mark_read_up_to(eve.id, page[0].id)).advance
    assert advance is not None
    assert (advance.author_ids, advance.audience) == ((ann.id, ben.id), frozenset({ben.id}))
    await post_one(store, Draft(ann.id, ben.id, "1"))
    private = await post_one(store, Draft(ann.id, ben.id, "2"))
    delivered = await store.messages.mark_delivered_up_to(ben.id, private.id)
    assert delivered is not None
    assert (delivered.peer_id, delivered.audience) == (ann.id, frozenset({ann.id}))
    await store.relations.block(ben.id, ann.id)
    read = (await store.messages.mark_read(ben.id, ann.id)).advance
    assert read is not None
    assert (read.peer_id, read.author_ids, read.audience) == (ann.id, (ann.id, ann.id), frozenset())


async def test_delivered_marks_move_forward_and_reading_moves_them_along(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    first, own, third, fourth = [
        await post_one(store, to_channel(author, channel)) for author in (ann, ben, ann, ann)
    ]
    messages = store.messages
    advance = await messages.mark_delivered_up_to(ben.id, third.id)
    assert advance is not None
    assert (advance.seq, advance.message_ids) == (3, (first.id, third.id))
    assert advance.author_ids == (ann.id, ann.id)
    assert await messages.mark_delivered_up_to(ben.id, own.id) is None
    assert await messages.mark_delivered_up_to(eve.id, fourth.id) is None
    page = await messages.channel_page(channel.id, before=None, limit=9, viewer=ann.id)
    assert [message.is_delivered for message in page] == [True, False, True, False]
    assert [message.read_by for message in page] == [()] * 4
    advance = (await messages.mark_read_up_to(ben.id, fourth.id)).advance
    assert advance is not None
    assert advance.message_ids == (first.id, third.id, fourth.id)
    assert await messages.mark_delivered_up_to(ben.id, fourth.id) is None
    page = await messages.channel_page(channel.id, before=None, limit=9, viewer=ann.id)
    assert [message.is_delivered for message in page] == [True, False, True, True]


async def test_homework_is_graded(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    message = await post_one(store, to_channel(ann, channel))
    for status in GradingStatus:
        graded = await changed(store, message.id, Grade(status), by=ann.id)
        assert graded.grading is status
    missing = await revised(store, MessageId(NOBODY), Grade(GradingStatus.GRADED), by=ann.id)
    assert missing is RevisionRefusal.NOT_FOUND


async def test_an_archived_conversation_is_marked_until_the_next_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    await store.channels.dm(ann.id, eve.id)
    assert not await store.messages.archive(ann.id, ben.id)
    assert not await store.messages.archive(ann.id, eve.id)
    await post_one(store, Draft(ann.id, ben.id, "1"))
    assert await store.messages.archive(ben.id, ann.id)
    assert [each.is_archived for each in await store.lists.conversations(ben.id)] == [True]
    assert [each.is_archived for each in await store.lists.conversations(ann.id)] == [False]
    assert await store.lists.unread_count(ben.id) == 0
    await post_one(store, Draft(ann.id, ben.id, "2"))
    assert [each.is_archived for each in await store.lists.conversations(ben.id)] == [False]


async def test_spans_come_in_their_order_and_then_by_seq(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    one, other = await make_channel(store, ann, ben), await make_channel(store, ann, ben)
    first = await say(store, ann, one, "a", "b", "c")
    second = await say(store, ben, other, "x", "y")
    spans = [Span(other.id, 1, 9), Span(one.id, 0, 2)]
    found = await store.messages.in_spans(ben.id, spans, limit=10)
    assert found == [second[1], first[0], first[1]]
    assert await store.messages.in_spans(ben.id, spans, limit=2) == [second[1], first[0]]
    assert await store.messages.in_spans(ben.id, [], limit=10) == []


async def test_spans_leave_out_deleted_messages_and_those_of_unseen_channels(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room = await make_channel(store, ann, ben)
    messages = await say(store, ann, room, "a", "b", "c")
    await revised(store, messages[1].id, Delete(), by=ann.id)
    span = Span(room.id, 0, 3)
    found = await store.messages.in_spans(ben.id, [span], limit=10)
    assert [message.seq for message in found] == [1, 3]
    assert await store.messages.in_spans(eve.id, [span], limit=10) == []
    assert await store.messages.in_spans(ben.id, [Span(ChannelId(10**9), 0, 3)], limit=10) == []


async def test_undelivered_messages_are_those_of_others_after_the_last_mark(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    room, silent = await make_channel(store, ann, ben), await make_channel(store, ann, ben)
    await say(store, ann, silent, "nobody ever confirmed anything here")
    first, *missed = await say(store, ann, room, "a", "b", "c")
    assert await store.lists.undelivered(ben.id, limit=10) == []
    await store.messages.mark_delivered_up_to(ben.id, first.id)
    await say(store, ben, room, "my own")
    assert await store.lists.undelivered(ben.id, limit=10) == missed
    assert await store.lists.undelivered(ben.id, limit=1) == missed[-1:]
    await store.messages.mark_read_up_to(ben.id, missed[0].id)
    assert await store.lists.undelivered(ben.id, limit=10) == missed[1:]
    assert room.workspace_id is not None
    await store.workspaces.remove_member(room.workspace_id, ben.id, by=ann.id)
    assert await store.lists.undelivered(ben.id, limit=10) == []


async def test_a_conversation_is_read_up_to_a_seq(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    messages = await say(store, ann, await store.channels.dm(ann.id, ben.id), "a", "b", "c")
    advance = (await store.messages.mark_read(ben.id, ann.id, up_to=2)).advance
    assert advance is not None
    assert (advance.seq, advance.message_ids) == (2, (messages[0].id, messages[1].id))
    assert await store.lists.unread_count(ben.id) == 1
    assert (await store.messages.mark_read(ben.id, ann.id, up_to=1)).advance is None
    last = (await store.messages.mark_read(ben.id, ann.id, up_to=9)).advance
    assert last is not None
    assert last.seq == 3


async def test_private_messages_are_undelivered_until_they_are_confirmed(
    store: Store,
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first, second = await say(store, ann, await store.channels.dm(ann.id, ben.id), "a", "b")
    assert await store.lists.undelivered(ben.id, limit=10) == [first, second]
    assert await store.lists.undelivered(ann.id, limit=10) == []
    await store.messages.mark_delivered_up_to(ben.id, first.id)
    assert await store.lists.undelivered(ben.id, limit=10) == [second]
    await store.messages.mark_read(ben.id, ann.id)
    assert await store.lists.undelivered(ben.id, limit=10) == []


async def test_the_newest_message_and_the_unread_count_of_each_channel(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    busy, deleted, empty = [await make_channel(store, ann, ben) for _ in range(3)]
    secret = await make_channel(store, eve)
    for text in ("1", "2", "3", "4"):
        await post_one(store, to_channel(ann, busy, text))
    last = await post_one(store, to_channel(ben, busy, "5"))
    gone = [await post_one(store, to_channel(ann, deleted, text)) for text in ("left", "gone")]
    await revised(store, gone[1].id, Delete(), by=ann.id)
    assert isinstance((await store.messages.post([Draft(ann.id, ben.id, "a dm")]))[0], Posted)
    ids = [each.id for each in (busy, deleted, empty, secret)]
    newest = await store.lists.newest(ben.id, ids, among=3)
    assert newest == {busy.id: Newest(last, 2), deleted.id: Newest(gone[0], 1)}
    assert empty.id not in newest
    await store.messages.mark_read_up_to(ben.id, last.id)
    assert (await store.lists.newest(ben.id, ids, among=3))[busy.id].unread_count == 0
    assert await store.lists.newest(eve.id, ids, among=3) == {}


@pytest.mark.partitions
async def test_marks_of_a_message_request_are_not_shown_until_it_is_accepted(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ben.id, ann.id, "hello", "k")
    first = await post_one(store, draft)
    delivered = await store.messages.mark_delivered_up_to(ann.id, first.id)
    read = (await store.messages.mark_read(ann.id, ben.id)).advance
    assert delivered is not None
    assert read is not None
    assert (delivered.audience, read.audience) == (frozenset(), frozenset())
    assert read.hidden_from == {ben.id}  # also if the author has joined the dm
    assert await store.lists.unread_count(ann.id) == 0

    async def shown() -> list[tuple[tuple[UserId, ...], bool]]:
        views = (
            *await store.messages.conversation_page(ben.id, ann.id, limit=9),
            await store.messages.get(first.id, viewer=ben.id),
            await post_one(store, draft),
        )
        return [(each.read_by, each.is_delivered) for each in views if each is not None]

    assert await shown() == [((), False)] * 3
    await store.relations.accept_message_request(ann.id, ben.id)
    assert await shown() == [((ann.id,), True)] * 3
