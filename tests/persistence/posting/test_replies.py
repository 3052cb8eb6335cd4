"""Replies: the parent of a reply is in the same channel."""

import pytest
from attrs import evolve

from persistence.interface import Store
from persistence.records import Draft
from protocol.model import MessageId, Posted, Refusal
from protocol.revisions import Delete
from tests.support.stores.records import (
    log_of,
    make_channel,
    make_user,
    make_users,
    post,
    post_one,
    revised,
    to_channel,
)


async def test_the_parent_of_a_reply_is_in_the_same_conversation(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    parent = await post_one(store, Draft(ann.id, ben.id, "parent"))
    elsewhere = await post_one(store, Draft(ann.id, eve.id, "elsewhere"))
    deleted = await post_one(store, Draft(ann.id, ben.id, "deleted"))
    await revised(store, deleted.id, Delete(), by=deleted.author_id)
    outcomes = await post(
        store,
        *(
            Draft(ben.id, ann.id, "re", f"k{parent_id}", parent_id=parent_id)
            for parent_id in (elsewhere.id, parent.id, deleted.id, MessageId(987_654_321), None)
        ),
    )
    stored = [each.message for each in outcomes if isinstance(each, Posted)]
    assert [(message.parent_id, message.seq) for message in stored] == [(parent.id, 3), (None, 4)]
    refused = [each for each in outcomes if not isinstance(each, Posted)]
    assert refused == [Refusal.PARENT_NOT_FOUND] * 3
    assert (await log_of(store, ann, ben))[-2:] == stored


@pytest.mark.partitions
async def test_the_parent_of_a_reply_is_in_the_same_channel(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel, other = await make_channel(store, ann, ben), await make_channel(store, ann)
    dm = await store.channels.dm(ann.id, ben.id)
    parents = [await post_one(store, to_channel(ann, each)) for each in (channel, other, dm)]
    for place in (channel, other, dm):
        drafts = [evolve(to_channel(ann, place), parent_id=parent.id) for parent in parents]
        for parent, outcome in zip(parents, await store.messages.post(drafts), strict=True):
            if parent.channel_id == place.id:
                assert isinstance(outcome, Posted)
                assert outcome.message.parent_id == parent.id
            else:
                assert outcome is Refusal.PARENT_NOT_FOUND
    stranger = evolve(to_channel(eve, channel), parent_id=parents[0].id)
    assert await store.messages.post([stranger]) == [Refusal.NOT_A_MEMBER]


@pytest.mark.partitions
async def test_a_reply_does_not_begin_a_conversation(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    parent = await post_one(store, Draft(ann.id, eve.id, "parent"))
    reply = Draft(ann.id, ben.id, "re", "k", parent_id=parent.id)
    for parent_id in (parent.id, MessageId(987_654_321)):
        reply = evolve(reply, parent_id=parent_id)
        assert await post(store, reply) == [Refusal.PARENT_NOT_FOUND]
    outcomes = await post(store, reply, Draft(ann.id, ben.id, "first"))
    assert outcomes[0] is Refusal.PARENT_NOT_FOUND
    (message,) = await log_of(store, ann, ben)
    assert (message.content, message.seq) == ("first", 1)


async def test_a_repeat_is_confirmed_although_its_parent_is_deleted(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    parent = await post_one(store, Draft(ben.id, ann.id, "parent"))
    reply = Draft(ann.id, ben.id, "re", "k", parent_id=parent.id)
    first = await post_one(store, reply)
    await revised(store, parent.id, Delete(), by=parent.author_id)
    assert await post(store, reply) == [Posted(first, repeated=True)]
    other_key = evolve(reply, key="k2")
    assert await post(store, other_key, reply) == [
        Refusal.PARENT_NOT_FOUND, Posted(first, repeated=True),
    ]  # fmt: skip
    to_eve = evolve(reply, recipient_id=eve.id, parent_id=parent.id)
    assert await post(store, to_eve) == [Refusal.PARENT_NOT_FOUND]


async def test_a_key_is_free_again_when_its_draft_was_refused_for_its_parent(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, "parent"))
    reply = Draft(ann.id, ben.id, "re", "k", parent_id=MessageId(987_654_321))
    assert await post(store, reply, reply) == [Refusal.PARENT_NOT_FOUND] * 2
    assert (await post_one(store, evolve(reply, parent_id=None))).seq == 2


async def test_a_user_who_may_not_write_learns_nothing_about_a_parent(store: Store) -> None:
    ann = (await make_users(store, "ann"))[0]
    eve = await make_user(store, "eve", is_public=False)
    reply = Draft(ann.id, eve.id, "re", parent_id=MessageId(987_654_321))
    assert await post(store, reply) == [Refusal.NOT_ALLOWED]
