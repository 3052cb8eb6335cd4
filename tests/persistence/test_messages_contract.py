"""The log: the same promises from every store."""

import random
from collections.abc import Sequence

import pytest
import trio
from attrs import evolve

from persistence.interface import Store
from persistence.records import Draft, Outcome
from protocol.model import Message, MessageId, MessageKind, Posted, Refusal, User, UserId
from tests.persistence.people import make_user, make_users, post, post_one

NOBODY = UserId(987_654_321)


async def log_of(store: Store, a: User, b: User) -> Sequence[Message]:
    return await store.messages.conversation_after(a.id, b.id, after_seq=0, limit=10_000)


async def test_a_posted_message_comes_back_as_it_was(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, "hi", "k", MessageKind.FILE, "/uploads/x.pdf")
    message = await post_one(store, draft)
    assert (message.author_id, message.recipient_id, message.seq) == (ann.id, ben.id, 1)
    assert (message.kind, message.file_url, message.key) == (draft.kind, draft.file_url, "k")
    assert message.created_at.microsecond % 1000 == 0
    assert await log_of(store, ben, ann) == [message]


@pytest.mark.parametrize(
    "content",
    [
        "👩‍👩‍👧‍👦 family",
        "שלום עולם \u202e evil",
        "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A" * 50,
        "'; DROP TABLE messages; -- % _ \\ $1 {}",
        "\r\n\t  spaces stay  ",
        "x" * 4_000,
        "😀" * 4_000,
        "\u2028\ufeff\uffff",
    ],
)
async def test_content_is_kept_byte_for_byte(store: Store, content: str) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, content))
    (message,) = await log_of(store, ann, ben)
    assert message.content == content


async def test_both_directions_are_one_conversation_with_one_sequence(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    one = await post_one(store, Draft(ann.id, ben.id, "1"))
    two = await post_one(store, Draft(ben.id, ann.id, "2"))
    other = await post_one(store, Draft(ann.id, eve.id, "1"))
    assert (one.channel_id, one.seq) == (two.channel_id, 1)
    assert (two.seq, other.seq) == (2, 1)
    assert other.channel_id != one.channel_id


async def test_a_batch_is_answered_in_order_each_draft_on_its_own(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    eve = await make_user(store, "eve", is_public=False)
    outcomes = await post(
        store,
        Draft(ann.id, ben.id, "1"),
        Draft(ann.id, ann.id, "self"),
        Draft(ann.id, NOBODY, "nobody"),
        Draft(ann.id, eve.id, "private"),
        Draft(ben.id, ann.id, "2"),
        Draft(ann.id, ben.id, "3"),
    )
    assert outcomes[1:4] == [
        Refusal.CANNOT_MESSAGE_SELF,
        Refusal.RECIPIENT_NOT_FOUND,
        Refusal.NOT_ALLOWED,
    ]
    posted = [outcome.message for outcome in outcomes if isinstance(outcome, Posted)]
    assert [(message.content, message.seq) for message in posted] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
    ]
    assert await log_of(store, ann, ben) == posted
    assert await log_of(store, ann, eve) == []
    assert await store.messages.post([]) == []


async def test_a_repeat_is_the_first_message_and_stores_nothing(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, "hi", "k")
    first = await post_one(store, draft)
    for _ in range(2):
        assert await post(store, draft) == [Posted(first, repeated=True)]
    assert (await post_one(store, Draft(ann.id, ben.id, "next"))).seq == 2


async def test_repeats_within_one_batch(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, "hi", "k")
    outcomes = await post(store, draft, draft, Draft(ann.id, ben.id, "other", "k"), draft)
    assert isinstance(outcomes[0], Posted)
    again = Posted(outcomes[0].message, repeated=True)
    assert outcomes[1:] == [again, Refusal.KEY_CONFLICT, again]
    assert len(await log_of(store, ann, ben)) == 1


async def test_a_key_belongs_to_its_author_in_every_conversation(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    await post_one(store, Draft(ann.id, ben.id, "hi", "k"))
    assert await post(store, Draft(ann.id, eve.id, "hi", "k")) == [Refusal.KEY_CONFLICT]
    assert isinstance((await post(store, Draft(ben.id, ann.id, "hi", "k")))[0], Posted)
    assert (await post_one(store, Draft(ann.id, eve.id, "hi"))).seq == 1


async def test_one_key_in_two_conversations_of_one_batch(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    outcomes = await post(store, Draft(ann.id, ben.id, "hi", "k"), Draft(ann.id, eve.id, "hi", "k"))
    assert isinstance(outcomes[0], Posted)
    assert outcomes[1] is Refusal.KEY_CONFLICT
    assert (await post_one(store, Draft(ann.id, eve.id, "hi"))).seq == 1


async def test_eight_writers_at_once_leave_no_hole_and_keep_their_own_order(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    acknowledged: list[Message] = []

    async def write(writer: int) -> None:
        for n in range(20):
            (outcome,) = await post(store, Draft(ann.id, ben.id, f"{writer}:{n}"))
            assert isinstance(outcome, Posted)
            acknowledged.append(outcome.message)

    async with trio.open_nursery() as nursery:
        for writer in range(8):
            nursery.start_soon(write, writer)
    log = await log_of(store, ann, ben)
    assert [message.seq for message in log] == list(range(1, 161))
    assert sorted(acknowledged, key=lambda message: message.seq) == log
    for writer in range(8):
        mine = [message.content for message in log if message.content.startswith(f"{writer}:")]
        assert mine == [f"{writer}:{n}" for n in range(20)]


async def test_originals_and_repeats_at_once_are_stored_once(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    rng = random.Random(1)
    drafts = [Draft(ann.id, rng.choice([ben, eve]).id, str(n), f"k{n}") for n in range(30)]
    outcomes: list[Outcome] = []

    async def write(mine: list[Draft]) -> None:
        for start in range(0, len(mine), 5):
            outcomes.extend(await store.messages.post(mine[start : start + 5]))

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(write, rng.sample(drafts, len(drafts)))
    fresh = [each for each in outcomes if isinstance(each, Posted) and not each.repeated]
    assert len(fresh) == len(drafts)
    for peer in (ben, eve):
        log = await log_of(store, ann, peer)
        assert [message.seq for message in log] == list(range(1, len(log) + 1))


async def test_one_key_to_two_people_at_once_is_stored_once_without_a_hole(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    outcomes: list[Outcome] = []

    async def write(peer: User) -> None:
        for n in range(25):
            outcomes.extend(await post(store, Draft(ann.id, peer.id, "x", f"k{n}")))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, ben)
        nursery.start_soon(write, eve)
    assert sum(isinstance(outcome, Posted) for outcome in outcomes) == 25
    for peer in (ben, eve):
        log = await log_of(store, ann, peer)
        assert [message.seq for message in log] == list(range(1, len(log) + 1))


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
    assert await messages.mark_read(ben.id, ann.id) is None
    await post(store, Draft(ann.id, ben.id, "1"), Draft(ann.id, ben.id, "2"))
    assert await messages.unread_count(ben.id) == 2
    advance = await messages.mark_read(ben.id, ann.id)
    assert advance is not None
    assert advance.seq == 2
    assert await messages.mark_read(ben.id, ann.id) is None
    await post_one(store, Draft(ann.id, ben.id, "3"))
    await post_one(store, Draft(ben.id, ann.id, "4"))
    assert [message.is_read for message in await log_of(store, ann, ben)] == [
        True,
        True,
        False,
        False,
    ]
    assert await messages.unread_count(ben.id) == 1
    assert await messages.unread_count(ann.id) == 1
    await messages.mark_read(ann.id, ben.id)
    assert await messages.unread_count(ann.id) == 0


async def test_conversations_newest_first_with_exact_unread_counts(store: Store) -> None:
    ann, ben, eve, kim = await make_users(store, "ann", "ben", "eve", "kim")
    await post(store, Draft(ben.id, ann.id, "1"), Draft(ben.id, ann.id, "2"))
    await post(store, Draft(ann.id, eve.id, "3"))
    await post(store, Draft(kim.id, ann.id, "4"))
    await store.relations.request_follow(kim.id, ann.id)
    listed = await store.messages.conversations(ann.id)
    assert [each.peer for each in listed] == [kim, eve, ben]
    assert [each.last_message.content for each in listed] == ["4", "3", "2"]
    assert [each.unread_count for each in listed] == [1, 0, 2]
    assert [each.is_request for each in listed] == [False, False, True]
    assert await store.messages.unread_count(ann.id) == 3
    assert await store.messages.conversations(NOBODY) == []


async def test_the_store_says_that_it_is_well(store: Store) -> None:
    await store.health.check()


async def test_the_parent_of_a_reply_is_in_the_same_conversation(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    parent = await post_one(store, Draft(ann.id, ben.id, "parent"))
    elsewhere = await post_one(store, Draft(ann.id, eve.id, "elsewhere"))
    deleted = await post_one(store, Draft(ann.id, ben.id, "deleted"))
    await store.messages.delete(deleted.id)
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


async def test_a_reply_does_not_begin_a_conversation(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    parent = await post_one(store, Draft(ann.id, eve.id, "parent"))
    reply = Draft(ann.id, ben.id, "re", "k", parent_id=parent.id)
    for parent_id in (parent.id, MessageId(987_654_321)):
        reply = evolve(reply, parent_id=parent_id)
        assert await post(store, reply) == [Refusal.PARENT_NOT_FOUND]
    assert await store.channels.dms(ben.id) == []
    outcomes = await post(store, reply, Draft(ann.id, ben.id, "first"))
    assert outcomes[0] is Refusal.PARENT_NOT_FOUND
    (message,) = await log_of(store, ann, ben)
    assert (message.content, message.seq) == ("first", 1)


async def test_a_repeat_is_confirmed_whatever_its_parent(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    parent = await post_one(store, Draft(ben.id, ann.id, "parent"))
    elsewhere = await post_one(store, Draft(ann.id, eve.id, "elsewhere"))
    reply = Draft(ann.id, ben.id, "re", "k", parent_id=parent.id)
    first = await post_one(store, reply)
    await store.messages.delete(parent.id)
    for parent_id in (parent.id, elsewhere.id, None):
        (again,) = await post(store, evolve(reply, parent_id=parent_id))
        assert isinstance(again, Posted)
        assert (again.message.id, again.repeated) == (first.id, True)
    other_key = evolve(reply, key="k2")
    assert await post(store, other_key, reply) == [
        Refusal.PARENT_NOT_FOUND, Posted(first, repeated=True),
    ]  # fmt: skip
    to_eve = evolve(reply, recipient_id=eve.id, parent_id=parent.id)
    assert await post(store, to_eve) == [Refusal.KEY_CONFLICT]


async def test_a_key_is_free_again_when_its_draft_was_refused_for_its_parent(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, "parent"))
    reply = Draft(ann.id, ben.id, "re", "k", parent_id=MessageId(987_654_321))
    assert await post(store, reply, reply) == [Refusal.PARENT_NOT_FOUND] * 2
    assert (await post_one(store, evolve(reply, parent_id=None))).seq == 2


async def test_who_may_not_write_learns_nothing_about_a_parent(store: Store) -> None:
    ann = (await make_users(store, "ann"))[0]
    eve = await make_user(store, "eve", is_public=False)
    reply = Draft(ann.id, eve.id, "re", parent_id=MessageId(987_654_321))
    assert await post(store, reply) == [Refusal.NOT_ALLOWED]
