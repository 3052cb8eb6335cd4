"""Forwarding: users copy what they may see; an original is shown only to users who may see it."""

import pytest
from attrs import evolve

from persistence.contents.revisions import RevisionRefusal
from persistence.interface import Store
from persistence.records import Draft
from protocol.model import Message, MessageFate, MessageId, MessageKind, Posted, Refusal, User
from protocol.revisions import Delete, Edit, Pin, React
from tests.support.stores.records import (
    changed,
    log_of,
    make_channel,
    make_upload,
    make_user,
    make_users,
    post,
    post_one,
    revised,
    to_channel,
)


def forward(author: User, peer: User, original: Message, key: str | None = None) -> Draft:
    return Draft(author.id, peer.id, "", key, forwards=original.id)


@pytest.mark.partitions
async def test_a_copy_has_content_kind_and_file_and_nothing_else(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = "https://example.org/hay.png"
    draft = Draft(ann.id, ben.id, "hay", "k", MessageKind.IMAGE, url, is_homework=True)
    parent = await post_one(store, Draft(ben.id, ann.id, "hay?"))
    original = await post_one(store, evolve(draft, parent_id=parent.id))
    await changed(store, original.id, React("👍"), by=ben.id)
    copy = await post_one(store, forward(ben, eve, original, "k"))
    assert (copy.content, copy.kind, copy.file_url) == ("hay", MessageKind.IMAGE, url)
    assert (copy.author_id, copy.recipient_id, copy.seq) == (ben.id, eve.id, 1)
    assert copy.is_forwarded
    assert (copy.rev, copy.reactions, copy.is_pinned) == (0, (), False)
    assert (copy.is_homework, copy.grading, copy.parent_id) == (False, None, None)
    assert await log_of(store, ben, eve) == [copy]
    assert not original.is_forwarded


async def test_only_messages_that_the_user_may_see_can_be_forwarded(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    hidden = await post_one(store, Draft(ann.id, ben.id, "secret"))
    deleted = await post_one(store, Draft(eve.id, ann.id, "deleted"))
    await revised(store, deleted.id, Delete(), by=eve.id)
    closed = await post_one(store, Draft(eve.id, ben.id, "closed"))
    await store.relations.block(ben.id, eve.id)
    for each in (hidden, deleted, closed, evolve(hidden, id=MessageId(987_654_321))):
        draft = forward(eve, ann, each, "k")
        assert await post(store, draft) == [Refusal.ORIGINAL_NOT_FOUND]
    assert (await post_one(store, Draft(eve.id, ann.id, "next", "k"))).seq == 2


async def test_users_forward_only_to_where_they_may_write(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    shy = await make_user(store, "shy", is_public=False)
    channel = await make_channel(store, ben)
    original = await post_one(store, Draft(ann.id, ben.id, "hi"))
    assert await post(store, forward(ann, ann, original)) == [Refusal.CANNOT_MESSAGE_SELF]
    assert await post(store, forward(ann, shy, original)) == [Refusal.NOT_ALLOWED]
    place = Draft(ann.id, None, "", channel_id=channel.id, forwards=original.id)
    assert await post(store, place) == [Refusal.NOT_A_MEMBER]
    await store.relations.block(ben.id, ann.id)
    assert await post(store, forward(ann, ben, original)) == [Refusal.RECIPIENT_NOT_FOUND]


async def test_a_key_stands_for_one_forward(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    one = await post_one(store, Draft(ann.id, ben.id, "one"))
    two = await post_one(store, Draft(ann.id, ben.id, "one"))
    draft = forward(ben, eve, one, "k")
    outcomes = await post(store, draft, draft, forward(ben, eve, two, "k"))
    first = outcomes[0]
    assert isinstance(first, Posted)
    assert outcomes[1:] == [evolve(first, repeated=True), Refusal.KEY_CONFLICT]
    assert await post(store, Draft(ben.id, eve.id, "one", "k")) == [Refusal.KEY_CONFLICT]
    assert (await post_one(store, forward(ben, ann, one, "k"))).id != first.message.id
    await post_one(store, Draft(ben.id, eve.id, "one", "plain"))
    assert await post(store, forward(ben, eve, one, "plain")) == [Refusal.KEY_CONFLICT]
    await revised(store, one.id, Delete(), by=ann.id)
    assert await post(store, draft) == [evolve(first, repeated=True)]


@pytest.mark.partitions
async def test_an_original_is_shown_only_to_users_who_may_see_it(store: Store) -> None:
    ann, ben, eve, zoe = await make_users(store, "ann", "ben", "eve", "zoe")
    original = await post_one(store, Draft(ann.id, ben.id, "hi"))
    channel = await make_channel(store, ann, ben, eve)
    copy = await post_one(store, Draft(ben.id, None, "", None, channel_id=channel.id,
                                       forwards=original.id))  # fmt: skip

    async def seen_by(user: User, message: Message = copy) -> MessageId | None:
        found = await store.messages.original(user.id, message.id)
        return None if found is None else found.id

    assert [await seen_by(each) for each in (ann, ben, eve, zoe)] == [
        original.id, original.id, None, None,
    ]  # fmt: skip
    assert await seen_by(ann, original) is None
    elsewhere = await post_one(store, forward(ben, zoe, original))
    assert await seen_by(ann, elsewhere) is None  # may see the original, but not this copy
    again = await post_one(store, forward(eve, zoe, copy))
    assert [await seen_by(each, again) for each in (eve, zoe, ann)] == [copy.id, None, None]
    await store.relations.block(ann.id, ben.id)
    assert await seen_by(ben) is None
    await store.relations.unblock(ann.id, ben.id)
    await changed(store, original.id, Edit("bye"), by=ann.id)
    found = await store.messages.original(ben.id, copy.id)
    assert found is not None
    assert (found.content, found.rev) == ("bye", 1)
    shown = await store.messages.get(copy.id, viewer=eve.id)
    assert shown is not None
    assert (shown.content, shown.rev) == ("hi", 0)
    await revised(store, original.id, Delete(), by=ann.id)
    assert await seen_by(ben) is None
    assert await store.messages.get(copy.id, viewer=eve.id) == shown


async def test_a_copy_cannot_be_edited(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    original = await post_one(store, Draft(ann.id, ben.id, "hi"))
    copy = await post_one(store, forward(ann, eve, original))
    assert await revised(store, copy.id, Edit("lie"), by=ann.id) is RevisionRefusal.NOT_YOURS
    gone = await changed(store, copy.id, Delete(), by=ann.id)
    assert (gone.content, gone.is_forwarded) == ("", False)
    assert await store.messages.original(ann.id, copy.id) is None


async def test_the_copy_of_a_pinned_message_is_not_pinned(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel, other = await make_channel(store, ann, ben), await make_channel(store, ann, ben)
    original = await post_one(store, to_channel(ann, channel))
    await revised(store, original.id, Pin(), by=ann.id)
    draft = evolve(to_channel(ann, other), content="", forwards=original.id)
    assert not (await post_one(store, draft)).is_pinned
    assert await store.messages.pinned(other.id, viewer=ann.id) == []


async def test_a_file_is_kept_while_a_copy_has_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    draft = Draft(ann.id, ben.id, "hay", None, MessageKind.IMAGE, url)
    original = await post_one(store, draft)
    copy = await post_one(store, forward(ben, eve, original))
    assert copy.file_url == url
    await revised(store, original.id, Delete(), by=ann.id)
    assert await store.uploads.collect(limit=9) == {url: False}
    assert await store.uploads.visible(eve.id, url) is not None
    await revised(store, copy.id, Delete(), by=ben.id)
    assert await store.uploads.collect(limit=9) == {url: True}


async def test_a_file_that_is_gone_is_not_forwarded(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, eve)
    draft = Draft(eve.id, ann.id, "hay", None, MessageKind.IMAGE, url)
    original = await post_one(store, draft)
    copy = await post_one(store, forward(ann, ben, original))
    await store.accounts.delete(eve.id, MessageFate.KEEP)
    assert await store.messages.get(copy.id) is None  # like the file
    assert await post(store, forward(ann, ben, original)) == [Refusal.ORIGINAL_NOT_FOUND]


async def test_messages_of_a_deleted_account_can_be_forwarded(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    original = await post_one(store, Draft(eve.id, ann.id, "bye"))
    await store.accounts.delete(eve.id, MessageFate.KEEP)
    copy = await post_one(store, forward(ann, ben, original))
    found = await store.messages.original(ann.id, copy.id)
    assert found is not None
    assert found.author_id == eve.id
    assert await store.messages.original(ben.id, copy.id) is None
