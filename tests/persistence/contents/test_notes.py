"""Notes in every store: marks that only their user sees, and their effects."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import trio

from persistence.contents.revisions import RevisionSpan
from persistence.contents.threads import ThreadPage
from persistence.interface import Store
from persistence.lists import Places, Which
from persistence.records import Draft, Span
from protocol.model import MAX_ID, Message, MessageFate, MessageId, User
from protocol.notes import ChannelNote, HiddenNote, Mute
from protocol.revisions import Delete, Edit, Pin
from tests.support.finding import have_found, search
from tests.support.stores.records import (
    NOBODY,
    NOWHERE,
    changed,
    log_of,
    make_channel,
    make_users,
    post_one,
    say,
    to_channel,
)

FOR_GOOD = Mute()
LATER = datetime(2100, 1, 2, 3, 4, 5, tzinfo=UTC)
AGO = datetime(2020, 1, 1, tzinfo=UTC)


def contents(messages: Sequence[Message]) -> list[str]:
    return [each.content for each in messages]


async def said(store: Store, author: User, peer: User, *texts: str) -> list[Message]:
    return [await post_one(store, Draft(author.id, peer.id, each)) for each in texts]


async def replies_to(store: Store, message: Message, user: User) -> list[str]:
    """The replies to a message that a user sees."""
    page = await store.threads.replies(user.id, message.id, ThreadPage(limit=9))
    assert page is not None
    return contents(page)


async def unread(store: Store, user: User) -> tuple[int, list[int]]:
    """The unread count over all conversations, and that of each, newest first."""
    listed = await store.lists.conversations(user.id)
    return await store.lists.unread_count(user.id), [each.unread_count for each in listed]


async def test_unread_from_here_counts_until_it_is_read_again(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    one, two, mine = [*await said(store, ann, ben, "1", "2"), *await said(store, ben, ann, "3")]
    await said(store, ann, ben, "4")
    read = await store.messages.mark_read(ben.id, ann.id)
    assert (read.advance is not None, read.note) == (True, None)
    noted = await store.notes.mark_unread(ben.id, two.id)
    assert noted is not None
    expected = ChannelNote(one.channel_id, 1, (ann.id, ben.id), unread_from=2)
    assert (noted.note, noted.is_new) == (expected, True)
    assert await unread(store, ben) == (2, [2])
    (listed,) = await store.lists.conversations(ben.id)
    assert listed.unread_from == 2
    # others still see it as read, and the watermark stays
    assert [each.is_read for each in await log_of(store, ann, ben)] == [True, True, False, True]
    marks = await store.channels.watermarks(ben.id, [one.channel_id])
    assert marks[one.channel_id].read == 4
    # a part of it is read: only the note changes
    part = await store.messages.mark_read_up_to(ben.id, mine.id)
    assert (part.advance, part.note) == (
        None,
        ChannelNote(one.channel_id, 2, (ann.id, ben.id), unread_from=4),
    )
    assert await unread(store, ben) == (1, [1])
    whole = await store.messages.mark_read(ben.id, ann.id)
    assert (whole.advance, whole.note) == (None, ChannelNote(one.channel_id, 3, (ann.id, ben.id)))
    assert await unread(store, ben) == (0, [0])
    again = await store.messages.mark_read(ben.id, ann.id)
    assert (again.advance, again.note) == (None, None)


async def test_messages_that_are_unread_anyway_are_not_marked(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    one, two = await said(store, ann, ben, "1", "2")
    for message in (one, two):
        noted = await store.notes.mark_unread(ben.id, message.id)
        assert noted is not None
        assert noted.note == ChannelNote(one.channel_id, 0, (ann.id, ben.id))
        assert not noted.is_new
    await store.messages.mark_read(ben.id, ann.id)
    for message, is_new in ((two, True), (two, False), (one, True), (two, False)):
        noted = await store.notes.mark_unread(ben.id, message.id)
        assert noted is not None
        assert noted.is_new is is_new
    assert await unread(store, ben) == (2, [2])
    assert await store.notes.last_number(ben.id) == 2


async def test_unread_from_here_may_start_at_an_own_or_a_deleted_message(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    (gone,) = await said(store, ann, ben, "1")
    (mine,) = await said(store, ben, ann, "2")
    await said(store, ann, ben, "3")
    await changed(store, gone.id, Delete(), by=ann.id)
    await store.messages.mark_read(ben.id, ann.id)
    for message in (mine, gone):
        noted = await store.notes.mark_unread(ben.id, message.id)
        assert noted is not None
        assert noted.is_new
        assert await unread(store, ben) == (1, [1])


@pytest.mark.partitions
async def test_notes_in_a_channel_change_its_unread_count_and_newest_message(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    one, _, three = await say(store, ann, channel, "1", "2", "3")
    await store.messages.mark_read_up_to(ben.id, three.id)
    assert await store.notes.mark_unread(ben.id, one.id, only_private=True) is None
    assert await store.notes.mark_unread(ben.id, one.id) is not None
    assert await store.messages.unread_in(ben.id, channel.id, among=50) == 3
    newest = await store.lists.newest(ben.id, [channel.id], among=50)
    assert newest[channel.id].unread_count == 3
    await store.notes.hide(ben.id, three.id)
    newest = await store.lists.newest(ben.id, [channel.id], among=50)
    assert (newest[channel.id].message.content, newest[channel.id].unread_count) == ("2", 2)
    assert await store.messages.unread_in(ben.id, channel.id, among=50) == 2


@pytest.mark.partitions
async def test_a_hidden_message_is_left_out_only_for_the_user_who_hid_it(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    one, two, three = await said(store, ann, ben, "one word", "two words", "three words")
    reply = await post_one(store, Draft(ann.id, ben.id, "re", parent_id=one.id))
    await have_found(store)
    noted = await store.notes.hide(ben.id, three.id)
    assert noted is not None
    expected = HiddenNote(three.channel_id, 1, three.id, 3, is_hidden=True, pair=(ann.id, ben.id))
    assert (noted.note, noted.is_new) == (expected, True)
    await store.notes.hide(ben.id, reply.id)
    channel_id, messages = one.channel_id, store.messages

    async def shown(user: User, peer: User) -> list[list[str]]:
        pages = [
            await messages.conversation_page(user.id, peer.id, limit=9),
            await messages.conversation_after(user.id, peer.id, after_seq=0, limit=9),
            await messages.in_spans(user.id, [Span(channel_id, 0, MAX_ID)], limit=9),
            await messages.channel_page(channel_id, before=None, limit=9, viewer=user.id),
        ]
        return [contents(page) for page in pages]

    everything = ["one word", "two words", "three words", "re"]
    assert await shown(ann, ben) == [everything] * 4
    assert await shown(ben, ann) == [everything[:2]] * 4
    page = await messages.conversation_page(ben.id, ann.id, limit=9)
    assert [each.seq for each in page] == [1, 2]
    assert await replies_to(store, one, ann) == ["re"]
    assert await replies_to(store, one, ben) == []
    assert len((await search(store, ann, "words")).found) == 2
    assert len((await search(store, ben, "words")).found) == 1
    assert await unread(store, ben) == (2, [2])
    (listed,) = await store.lists.conversations(ben.id)
    assert (listed.last_message.id, listed.last_seq) == (two.id, 4)
    assert contents(await store.lists.undelivered(ben.id, limit=9)) == everything[:2]
    edited = await changed(store, three.id, Edit("other words"), by=ann.id)
    span = RevisionSpan(channel_id, 0, 9)
    assert contents(await store.revisions.revised_in(ann.id, [span], limit=9)) == ["other words"]
    assert await store.revisions.revised_in(ben.id, [span], limit=9) == []
    await changed(store, reply.id, Delete(), by=ann.id)
    gone = await store.revisions.revised_in(ben.id, [span], limit=9)
    assert [(each.id, each.is_deleted, each.content) for each in gone] == [(reply.id, True, "")]
    # a hidden message can be marked read, and when shown again it has its current content
    read = await messages.mark_read_up_to(ben.id, edited.id)
    assert read.advance is not None
    assert read.advance.seq == 3
    undone = await store.notes.hide(ben.id, three.id, is_hidden=False)
    assert undone is not None
    assert undone.is_new
    page = await messages.conversation_page(ben.id, ann.id, limit=9)
    assert contents(page) == ["one word", "two words", "other words"]


async def test_a_hidden_reply_is_left_out_until_it_is_shown_again(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    (one,) = await said(store, ann, ben, "one")
    reply = await post_one(store, Draft(ann.id, ben.id, "re", parent_id=one.id))
    await store.notes.hide(ben.id, reply.id)
    assert await replies_to(store, one, ben) == []
    await store.notes.hide(ben.id, reply.id, is_hidden=False)
    assert await replies_to(store, one, ben) == ["re"]


async def test_hidden_pins_and_channels_with_only_hidden_messages_are_left_out(
    store: Store,
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    (pinned,) = await say(store, ann, channel, "pinned")
    await changed(store, pinned.id, Pin(), by=ann.id)
    await store.notes.hide(ben.id, pinned.id)
    assert await store.messages.pinned(channel.id, viewer=ben.id) == []
    assert contents(await store.messages.pinned(channel.id, viewer=ann.id)) == ["pinned"]
    assert await store.lists.newest(ben.id, [channel.id], among=9) == {}
    (only,) = await said(store, ann, ben, "only")
    await store.notes.hide(ben.id, only.id)
    assert await store.lists.conversations(ben.id) == []
    assert await unread(store, ben) == (0, [])


async def test_hiding_twice_changes_nothing(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    one, two = await said(store, ann, ben, "1", "2")
    for message, is_hidden, is_new in (
        (one, False, False),
        (one, True, True),
        (one, True, False),
        (two, True, True),
        (one, False, True),
    ):
        noted = await store.notes.hide(ben.id, message.id, is_hidden=is_hidden)
        assert noted is not None
        assert noted.is_new is is_new
    assert await store.notes.last_number(ben.id) == 3
    await changed(store, two.id, Delete(), by=ann.id)
    await changed(store, one.id, Delete(), by=ann.id)
    assert await store.notes.hide(ben.id, one.id) is None  # there is nothing left to hide
    shown = await store.notes.hide(ben.id, two.id, is_hidden=False)
    assert shown is not None
    assert shown.is_new


async def test_a_muted_conversation_has_its_count_but_is_left_out_of_the_total(
    store: Store,
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    (one,) = await said(store, ann, ben, "1")
    await said(store, eve, ben, "2", "3")
    for mute, total in ((FOR_GOOD, 2), (Mute(LATER), 2), (None, 3), (Mute(AGO), 3)):
        noted = await store.notes.mute(ben.id, one.channel_id, mute)
        assert noted is not None
        assert isinstance(noted.note, ChannelNote)
        assert (noted.note.mute, noted.is_new) == (mute, True)
        again = await store.notes.mute(ben.id, one.channel_id, mute)
        assert again is not None
        assert (again.note, again.is_new) == (noted.note, False)
        assert await unread(store, ben) == (total, [2, 1])
        assert [each.mute for each in await store.lists.conversations(ben.id)] == [None, mute]
    assert await unread(store, ann) == (0, [0])


async def test_archived_conversations_are_left_out_of_the_total(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await said(store, ann, ben, "1")
    (last,) = await said(store, ann, ben, "2")
    await store.messages.archive(ben.id, ann.id)
    assert await unread(store, ben) == (0, [2])
    (newer,) = await said(store, ann, ben, "3")
    assert await unread(store, ben) == (3, [3])
    await store.notes.hide(ben.id, newer.id)  # the message that is now shown last was archived
    assert await unread(store, ben) == (0, [2])
    listed = await store.lists.conversations(ben.id, Which.UNARCHIVED)
    assert (listed, last.seq) == ([], 2)


async def test_notes_on_what_the_user_may_not_see_are_refused(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    (private,) = await said(store, ann, ben, "1")
    channel = await make_channel(store, ann)
    (inside,) = await say(store, ann, channel, "2")
    for message_id in (private.id, inside.id, MessageId(NOBODY)):
        assert await store.notes.mark_unread(eve.id, message_id) is None
        assert await store.notes.hide(eve.id, message_id) is None
        assert await store.notes.hide(eve.id, message_id, is_hidden=False) is None
    for channel_id in (private.channel_id, channel.id, NOWHERE):
        assert await store.notes.mute(eve.id, channel_id, FOR_GOOD) is None
    assert await store.notes.last_number(eve.id) == 0
    assert await store.notes.since(eve.id, 0, limit=9) == []
    empty = await store.channels.dm(ann.id, eve.id)  # eve does not know of it
    assert await store.notes.mute(eve.id, empty.id, FOR_GOOD) is None
    assert await store.notes.mute(ann.id, empty.id, FOR_GOOD) is not None


@pytest.mark.partitions
async def test_a_message_of_the_assistant_is_no_private_message(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    (one,) = await said(store, ann, ben, "1")
    answer = await post_one(store, Draft(999, None, "2", channel_id=one.channel_id))  # type: ignore[arg-type]
    assert await store.notes.hide(ben.id, answer.id, only_private=True) is None
    assert await store.notes.mark_unread(ben.id, answer.id, only_private=True) is None
    assert await store.notes.hide(ben.id, answer.id) is not None


async def test_missed_notes_are_read_in_the_order_of_their_numbers(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    one, two, three = await said(store, ann, ben, "1", "2", "3")
    channel = await make_channel(store, ann, ben)
    notes = store.notes
    await notes.hide(ben.id, one.id)  # 1, then undone
    await notes.mute(ben.id, channel.id, FOR_GOOD)  # 2
    await notes.hide(ben.id, two.id)  # 3
    await notes.hide(ben.id, one.id, is_hidden=False)  # 4
    await store.messages.mark_read(ben.id, ann.id)
    await notes.mark_unread(ben.id, three.id)  # 5
    everything = await notes.since(ben.id, 0, limit=9)
    assert [each.number for each in everything] == [2, 3, 5]
    missed = await notes.since(ben.id, 2, limit=9)
    assert [each.number for each in missed] == [3, 4, 5]
    assert [each.number for each in await notes.since(ben.id, 2, limit=2)] == [3, 4]
    assert await notes.since(ben.id, 5, limit=9) == []
    assert [each.number for each in await notes.latest(ben.id, limit=9)] == [2, 3, 4, 5]
    assert [each.number for each in await notes.latest(ben.id, limit=2)] == [4, 5]
    assert missed[1] == HiddenNote(
        one.channel_id, 4, one.id, 1, is_hidden=False, pair=(ann.id, ben.id)
    )
    of_channels = await notes.of_channels(ben.id, [channel.id, one.channel_id, NOWHERE])
    assert of_channels == {
        channel.id: ChannelNote(channel.id, 2, mute=FOR_GOOD),
        one.channel_id: ChannelNote(one.channel_id, 5, (ann.id, ben.id), unread_from=3),
    }
    await store.relations.block(ann.id, ben.id)  # notes on what ben may not see are left out
    assert [each.number for each in await notes.since(ben.id, 0, limit=9)] == [2]
    assert await notes.since(ann.id, 0, limit=9) == []


async def test_concurrent_notes_of_one_user_get_different_numbers(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    messages = await said(store, ann, ben, *"12345678")
    await store.messages.mark_read(ben.id, ann.id)
    async with trio.open_nursery() as nursery:
        for message in messages:
            nursery.start_soon(store.notes.hide, ben.id, message.id)
            nursery.start_soon(store.notes.mark_unread, ben.id, message.id)
            nursery.start_soon(store.messages.mark_read_up_to, ben.id, message.id)
    found = await store.notes.since(ben.id, 0, limit=99)
    last = await store.notes.last_number(ben.id)
    numbers = [each.number for each in found]
    assert len(set(numbers)) == len(numbers)
    assert numbers[-1] == last
    assert sum(isinstance(each, HiddenNote) for each in found) == 8


@pytest.mark.partitions
async def test_notes_are_deleted_with_their_account_and_their_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    (one,) = await said(store, ann, ben, "1")
    (two,) = await said(store, eve, ben, "2")
    await store.notes.hide(ben.id, one.id)
    await store.notes.mute(ben.id, two.channel_id, Mute(LATER))
    await store.notes.mute(ann.id, one.channel_id, FOR_GOOD)
    await store.accounts.delete(eve.id)
    assert [each.number for each in await store.notes.since(ben.id, 0, limit=9)] == [1]
    await store.accounts.delete(ben.id, MessageFate.KEEP)
    assert await store.notes.since(ben.id, 0, limit=9) == []
    assert [each.number for each in await store.notes.since(ann.id, 0, limit=9)] == [1]
    assert len(await store.lists.channels(ann.id, Places.CONVERSATIONS)) == 1
    assert (await post_one(store, to_channel(ann, await make_channel(store, ann)))).seq == 1


async def test_a_mute_ends_by_itself(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    (one,) = await said(store, ann, ben, "1")
    soon = datetime.now(UTC) + timedelta(hours=1)
    until = soon.replace(microsecond=0)
    await store.notes.mute(ben.id, one.channel_id, Mute(until))
    assert Mute(until).holds(until - timedelta(seconds=1))
    assert not Mute(until).holds(until)
    assert await unread(store, ben) == (0, [1])
