"""Revisions in every store: their effects, who may make them, and their numbers."""

from datetime import timedelta

import pytest

from persistence.contents.revisions import (
    Revised,
    RevisionDraft,
    RevisionRefusal,
    RevisionRules,
    RevisionSpan,
)
from persistence.interface import Store
from persistence.records import Draft
from protocol.model import MAX_ID, GradingStatus, Message, MessageId, Reaction, User, UserId
from protocol.revisions import MAX_REACTION_KINDS, Delete, Edit, Grade, Pin, React, Revision
from tests.support.stores.records import (
    NOBODY,
    changed,
    make_channel,
    make_users,
    post_one,
    revised,
    to_channel,
)


def dm(author: User, peer: User, content: str = "hi", key: str | None = None) -> Draft:
    return Draft(author.id, peer.id, content, key)


HEART, THUMB = "❤️", "👍"


async def test_a_message_is_edited_by_its_author(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben, "helo"))
    assert (first.rev, first.edited_at, first.is_deleted, first.reactions) == (0, None, False, ())
    edited = await changed(store, first.id, Edit("hello"), by=ann.id)
    assert (edited.content, edited.seq, edited.rev) == ("hello", first.seq, 1)
    assert edited.edited_at is not None
    (shown,) = await store.messages.conversation_page(ben.id, ann.id, limit=9)
    assert (shown.content, shown.rev, shown.edited_at) == ("hello", 1, edited.edited_at)
    assert await revised(store, first.id, Edit("mine"), by=ben.id) is RevisionRefusal.NOT_YOURS


async def test_a_repeated_send_returns_the_message_with_its_revisions(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = dm(ann, ben, "helo", key="k")
    first = await post_one(store, draft)
    await changed(store, first.id, Edit("hello"), by=ann.id)
    shown = await changed(store, first.id, React(THUMB), by=ben.id)
    again = await post_one(store, draft)
    assert again == shown
    assert (again.id, again.content, again.rev) == (first.id, "hello", 2)
    await store.relations.block(ben.id, ann.id)
    assert await post_one(store, draft) == first  # without its later revisions
    await store.relations.unblock(ben.id, ann.id)
    await store.relations.block(ann.id, ben.id)  # ann may still read it, but not write
    assert await post_one(store, draft) == shown


@pytest.mark.parametrize(
    "revision", [Edit("x"), Delete(), React(HEART), Pin(), Grade(GradingStatus.GRADED)]
)
async def test_a_message_that_the_user_may_not_see_is_not_found(
    store: Store, revision: Revision
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    private = await post_one(store, dm(ann, ben))
    channel = await make_channel(store, ann)
    inside = await post_one(store, to_channel(ann, channel))
    for message_id in (private.id, inside.id, MessageId(NOBODY)):
        assert await revised(store, message_id, revision, by=eve.id) is RevisionRefusal.NOT_FOUND


async def test_a_deleted_message_cannot_be_changed(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben, "secret"))
    await changed(store, first.id, React(HEART), by=ben.id)
    gone = await changed(store, first.id, Delete(), by=ann.id)
    assert (gone.content, gone.is_deleted, gone.rev, gone.reactions) == ("", True, 2, ())
    for revision in (Edit("x"), Delete(), React(HEART)):
        assert await revised(store, first.id, revision, by=ann.id) is RevisionRefusal.NOT_FOUND


@pytest.mark.partitions
async def test_reactions_have_a_count_and_their_users(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben))
    await changed(store, first.id, React(THUMB), by=ben.id)
    await changed(store, first.id, React(HEART), by=ben.id)
    shown = await changed(store, first.id, React(THUMB), by=ann.id)
    assert shown.reactions == (
        Reaction(THUMB, 2, (ben.id, ann.id)),
        Reaction(HEART, 1, (ben.id,)),
    )
    again = await revised(store, first.id, React(THUMB), by=ann.id)
    assert isinstance(again, Revised)
    assert (again.repeated, again.message.rev) == (True, 3)
    shown = await changed(store, first.id, React(THUMB, is_added=False), by=ben.id)
    assert shown.reactions == (Reaction(HEART, 1, (ben.id,)), Reaction(THUMB, 1, (ann.id,)))


async def test_the_number_of_different_reactions_is_limited(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben))
    for number in range(MAX_REACTION_KINDS):
        await changed(store, first.id, React(f"e{number}"), by=ann.id)
    one_more = await revised(store, first.id, React("e50"), by=ann.id)
    assert one_more is RevisionRefusal.TOO_MANY_REACTIONS
    assert isinstance(await revised(store, first.id, React("e49"), by=ben.id), Revised)


async def test_a_message_can_be_edited_only_for_a_limited_time(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben))
    never = RevisionRules(edit_seconds=-1)
    late = await revised(store, first.id, Edit("x"), by=ann.id, rules=never)
    assert late is RevisionRefusal.TOO_LATE
    assert isinstance(await revised(store, first.id, Delete(), by=ann.id, rules=never), Revised)


async def test_a_repeat_under_its_key_changes_nothing(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben, "0"))
    await revised(store, first.id, Edit("1"), by=ann.id, key="k")
    await changed(store, first.id, Edit("2"), by=ann.id)
    again = await revised(store, first.id, Edit("1"), by=ann.id, key="k")
    assert isinstance(again, Revised)
    assert (again.repeated, again.message.content, again.message.rev) == (True, "2", 2)
    other = await revised(store, first.id, Edit("3"), by=ann.id, key="k")
    assert other is RevisionRefusal.KEY_CONFLICT
    theirs = await revised(store, first.id, React(HEART), by=ben.id, key="k")
    assert isinstance(theirs, Revised)
    assert not theirs.repeated
    channel = await make_channel(store, ann)
    elsewhere = await post_one(store, to_channel(ann, channel))
    done = await revised(store, elsewhere.id, Edit("3"), by=ann.id, key="k")
    assert isinstance(done, Revised)
    assert (done.repeated, done.message.content) == (False, "3")


async def test_revs_are_dense_within_a_channel_in_the_order_of_a_batch(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    messages = [await post_one(store, dm(ann, ben)) for _ in range(3)]
    channel = await make_channel(store, ann)
    other = await post_one(store, to_channel(ann, channel))
    drafts = []
    for message, text in ((0, "a"), (2, "b"), (3, "c"), (2, "b"), (0, "d")):
        message_id = [*messages, other][message].id
        target = await store.revisions.target(ann.id, message_id)
        assert target is not None
        drafts.append(RevisionDraft(ann.id, message_id, Edit(text), target))
    outcomes = [each for each in await store.revisions.revise(drafts) if isinstance(each, Revised)]
    assert [(each.rev, each.repeated) for each in outcomes] == [
        (1, False), (2, False), (1, False), (2, True), (3, False)
    ]  # fmt: skip
    assert await _revised_in(store, ann.id, messages[0]) == [(2, "b"), (3, "d")]


async def _revised_in(store: Store, user_id: UserId, first: Message) -> list[tuple[int, str]]:
    spans = [RevisionSpan(first.channel_id, 0, MAX_ID)]
    found = await store.revisions.revised_in(user_id, spans, limit=9)
    assert [each.message for each in await store.revisions.revised_since(spans, limit=9)] == found
    return [(each.rev, each.content) for each in found]


async def test_revised_messages_are_found_by_rev_within_a_range_of_seq(
    store: Store,
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    first, second, third = [await post_one(store, dm(ann, ben)) for _ in range(3)]
    for message in (third, first, second):
        await changed(store, message.id, Edit("x"), by=ann.id)
    spans = [RevisionSpan(first.channel_id, 0, second.seq)]
    found = await store.revisions.revised_in(ben.id, spans, limit=9)
    assert [(each.id, each.rev) for each in found] == [(first.id, 2), (second.id, 3)]
    assert [each.id for each in await store.revisions.revised_in(ben.id, spans, limit=1)] == [
        first.id
    ]
    later = [RevisionSpan(first.channel_id, 2, MAX_ID)]
    assert [each.id for each in await store.revisions.revised_in(ben.id, later, limit=9)] == [
        second.id
    ]
    assert not await store.revisions.revised_in(eve.id, spans, limit=9)
    (head,) = await store.channels.heads(ben.id, [first.channel_id])
    assert (head.last_seq, head.last_rev) == (3, 3)


async def test_deleted_messages_are_found_by_rev_at_any_seq(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    first, second, third = [await post_one(store, dm(ann, ben)) for _ in range(3)]
    for message in (third, second, first):
        await changed(store, message.id, Delete(), by=ann.id)

    async def found(user_id: UserId, above: int) -> list[tuple[MessageId, int]]:
        spans = [RevisionSpan(first.channel_id, above, first.seq)]
        revised = await store.revisions.revised_in(user_id, spans, limit=9)
        return [(each.id, each.rev) for each in revised]

    assert await found(ben.id, 0) == [(third.id, 1), (second.id, 2), (first.id, 3)]
    assert await found(ben.id, 1) == [(second.id, 2), (first.id, 3)]
    assert not await found(eve.id, 0)


@pytest.mark.partitions
async def test_users_with_a_block_between_them_cannot_revise(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, dm(ann, ben))
    await store.relations.block(ben.id, ann.id)
    assert await revised(store, first.id, Edit("x"), by=ann.id) is RevisionRefusal.NOT_FOUND
    by_ben = await revised(store, first.id, React(HEART), by=ben.id)
    assert by_ben is RevisionRefusal.NOT_ALLOWED
    gone = await store.revisions.revised_since([RevisionSpan(first.channel_id, 0, MAX_ID)], limit=9)
    assert not gone


async def test_pins_and_grades_are_revisions(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    first = await post_one(store, to_channel(ann, channel))
    assert (await changed(store, first.id, Pin(), by=ann.id)).is_pinned
    graded = await changed(store, first.id, Grade(GradingStatus.GRADED), by=ann.id)
    assert (graded.grading, graded.rev) == (GradingStatus.GRADED, 2)
    unpinned = await changed(store, first.id, Pin(is_pinned=False), by=ann.id)
    assert (unpinned.is_pinned, unpinned.rev) == (False, 3)
    assert unpinned.created_at + timedelta(days=1) > first.created_at
