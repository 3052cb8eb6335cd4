"""Storing messages: the same on every store."""

import random

import pytest
import trio
from attrs import evolve

from persistence.interface import Store
from persistence.records import Draft, Locked, Outcome, ProfileChange
from protocol.model import ASSISTANT_ID, Message, MessageId, MessageKind, Posted, Refusal, User
from protocol.revisions import Delete
from tests.support.stores.records import (
    NOBODY,
    NOWHERE,
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


async def test_a_posted_message_comes_back_as_it_was(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    url = await make_upload(store, ann)
    draft = Draft(ann.id, ben.id, "hi", "k", MessageKind.FILE, url)
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


async def test_the_outcomes_of_a_batch_are_in_order_and_independent(store: Store) -> None:
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


async def test_a_message_comes_back_as_it_was(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    url = await make_upload(store, ann)
    draft = Draft(ann.id, None, "x", "k", MessageKind.IMAGE, url, channel.id, is_homework=True)
    message = await post_one(store, draft)
    assert (message.kind, message.file_url, message.key) == (MessageKind.IMAGE, url, "k")
    assert (message.is_homework, message.grading, message.is_pinned) == (True, None, False)
    assert await store.messages.get(message.id) == message
    assert await store.messages.get(MessageId(NOBODY)) is None


async def test_a_private_message_and_a_post_in_the_dm_are_one_log(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await store.channels.dm(ann.id, ben.id)
    first = await post_one(store, Draft(ann.id, ben.id, "by name"))
    second = await post_one(store, to_channel(ben, channel, "by channel"))
    assert (first.channel_id, first.seq, first.recipient_id) == (channel.id, 1, ben.id)
    assert (second.channel_id, second.seq, second.recipient_id) == (channel.id, 2, ann.id)
    assert await store.messages.channel_page(channel.id, before=None, limit=9) == [first, second]
    page = await store.messages.conversation_page(ann.id, ben.id, offset=0, limit=9)
    assert page == [first, second]
    (permit,) = await store.relations.may_message([(ann.id, ben.id)])
    assert permit.channel_id == channel.id


async def test_only_members_can_post_to_a_channel(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    dm = await store.channels.dm(ann.id, ben.id)
    outcomes = await store.messages.post(
        [
            to_channel(ann, channel, "1"),
            to_channel(eve, channel, "no"),
            Draft(ann.id, None, "no", channel_id=NOWHERE),
            to_channel(eve, dm, "no"),
            to_channel(ben, channel, "2"),
            to_channel(ann, channel, "3"),
        ]
    )
    seqs = [each.message.seq if isinstance(each, Posted) else each for each in outcomes]
    refusals = [Refusal.NOT_A_MEMBER, Refusal.CHANNEL_NOT_FOUND, Refusal.NOT_A_MEMBER]
    assert seqs == [1, *refusals, 2, 3]
    posted = [each for each in outcomes if isinstance(each, Posted)]
    assert {each.workspace_id for each in posted} == {channel.workspace_id}
    page = await store.messages.channel_page(channel.id, before=None, limit=9)
    assert [message.content for message in page] == ["1", "2", "3"]
    assert await store.messages.channel_page(dm.id, before=None, limit=9) == []


async def test_a_block_also_applies_to_posts_in_the_dm_channel(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await store.channels.dm(ann.id, ben.id)
    first = await post_one(store, to_channel(ann, channel, "x", "k"))
    await store.relations.block(ben.id, ann.id)
    again, new = await store.messages.post(
        [to_channel(ann, channel, "x", "k"), to_channel(ann, channel, "y")]
    )
    assert again == Posted(first, repeated=True)
    assert new is Refusal.RECIPIENT_NOT_FOUND
    assert await store.messages.post([to_channel(ben, channel)]) == [Refusal.NOT_ALLOWED]


async def test_a_blocked_author_is_refused_as_if_the_recipient_did_not_exist(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    eve = await make_user(store, "eve", is_public=False)
    for blocker in (ben, eve):
        await store.relations.block(blocker.id, ann.id)
        nobody, refused = await post(
            store, Draft(ann.id, NOBODY, "x"), Draft(ann.id, blocker.id, "x")
        )
        assert nobody is refused is Refusal.RECIPIENT_NOT_FOUND
        assert await post(store, Draft(blocker.id, ann.id, "x")) == [Refusal.NOT_ALLOWED]
    await store.relations.block(ann.id, ben.id)
    assert await post(store, Draft(ann.id, ben.id, "x")) == [Refusal.RECIPIENT_NOT_FOUND]


async def test_a_repeat_returns_the_first_message_and_stores_nothing(store: Store) -> None:
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


@pytest.mark.partitions
async def test_a_key_belongs_to_its_author_in_one_conversation(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    one = Draft(ann.id, ben.id, "hi", "k")
    others = evolve(one, recipient_id=eve.id), Draft(ben.id, ann.id, "hi", "k")
    first = await post_one(store, one)
    second, third = [await post_one(store, each) for each in others]
    assert (second.seq, third.seq) == (1, 2)
    messages = first, second, third
    repeats = [Posted(message, repeated=True) for message in messages]
    assert await post(store, one, *others) == repeats
    assert await post(store, evolve(others[0], content="ho")) == [Refusal.KEY_CONFLICT]


async def test_one_key_in_two_conversations_of_one_batch(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    drafts = [
        Draft(ann.id, ben.id, "1", "k"),
        Draft(ann.id, eve.id, "1", "k"),
        Draft(ann.id, eve.id, "2"),
        Draft(ann.id, eve.id, "1", "k"),
    ]
    outcomes = await post(store, *drafts)
    posted = [each for each in outcomes if isinstance(each, Posted)]
    assert [(each.message.seq, each.repeated) for each in posted] == [
        (1, False), (1, False), (2, False), (1, True),
    ]  # fmt: skip


@pytest.mark.partitions
async def test_a_repeat_may_name_its_conversation_by_the_channel(store: Store) -> None:
    """The channel is made by the first send of a conversation."""
    ann, ben = await make_users(store, "ann", "ben")
    by_name = Draft(ann.id, ben.id, "hi", "k")
    first = await post_one(store, by_name)
    by_channel = evolve(by_name, recipient_id=None, channel_id=first.channel_id)
    assert await post(store, by_channel) == [Posted(first, repeated=True)]
    assert await post(store, evolve(by_channel, content="ho")) == [Refusal.KEY_CONFLICT]
    new = [evolve(each, key="l") for each in (by_name, by_channel)]
    outcomes = await post(store, *new, Draft(ann.id, ben.id, "next"))
    seqs = [(each.message.seq, each.repeated) for each in outcomes if isinstance(each, Posted)]
    assert seqs == [(2, False), (2, True), (3, False)]


async def test_a_key_of_another_conversation_does_not_change_a_refusal(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    eve = await make_user(store, "eve", is_public=False)
    await post_one(store, Draft(ann.id, ben.id, "hi", "k"))
    assert await post(store, Draft(ann.id, eve.id, "hi", "k")) == [Refusal.NOT_ALLOWED]


async def test_a_key_belongs_to_its_author_in_one_channel(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel, other = await make_channel(store, ann, ben), await make_channel(store, ann)
    first = await post_one(store, to_channel(ann, channel, "x", "k"))
    outcomes = await store.messages.post(
        [
            to_channel(ann, channel, "x", "k"),
            to_channel(ann, other, "x", "k"),
            to_channel(ann, channel, "y", "k"),
            to_channel(ben, channel, "x", "k"),
        ]
    )
    assert outcomes[0] == Posted(first, repeated=True, workspace_id=channel.workspace_id)
    assert outcomes[2] is Refusal.KEY_CONFLICT
    for outcome, place, seq in ((outcomes[1], other, 1), (outcomes[3], channel, 2)):
        assert isinstance(outcome, Posted)
        assert (outcome.message.channel_id, outcome.message.seq) == (place.id, seq)
        assert not outcome.repeated


@pytest.mark.parametrize("other", ["file", "kind", "parent"])
@pytest.mark.partitions
async def test_a_repeat_with_another_file_kind_or_parent_is_a_key_conflict(
    store: Store, other: str
) -> None:
    """Otherwise a different message would be confirmed and not stored."""
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)

    one, two = [await make_upload(store, ann, name) for name in ("1.png", "2.png")]
    draft = Draft(ann.id, None, "cat", "k", MessageKind.IMAGE, one, channel.id)
    first = await post_one(store, draft)
    different = {
        "file": evolve(draft, file_url=two),
        "kind": evolve(draft, kind=MessageKind.FILE),
        "parent": evolve(draft, parent_id=first.id),
    }
    assert await post(store, different[other]) == [Refusal.KEY_CONFLICT]
    again = Posted(first, repeated=True, workspace_id=channel.workspace_id)
    assert await post(store, draft) == [again]


async def test_a_repeat_of_a_deleted_message_is_still_a_repeat(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    draft = Draft(
        ann.id, None, "cat", "k", file_url="https://x.example/1.png", channel_id=channel.id
    )
    first = await post_one(store, draft)
    deleted = await changed(store, first.id, Delete(), by=ann.id)
    assert (deleted.content, deleted.is_deleted, deleted.rev) == ("", True, 1)
    again = Posted(deleted, repeated=True, workspace_id=channel.workspace_id)
    assert await post(store, draft) == [again]
    assert await post(store, evolve(draft, content="dog")) == [Refusal.KEY_CONFLICT]
    assert await post(store, evolve(draft, file_url=None)) == [Refusal.KEY_CONFLICT]
    assert await store.messages.get(first.id) is None


@pytest.mark.parametrize("white", [" ", "\n", "\u3000", "\x85", "\x1f", "\u2028"])
async def test_a_repeat_may_differ_in_white_space_at_the_ends(store: Store, white: str) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, f"{white}a{white}b{white}", "k")
    first = await post_one(store, draft)
    for content in (f"a{white}b", f" a{white}b\t"):
        (again,) = await post(store, evolve(draft, content=content))
        assert isinstance(again, Posted)
        assert (again.repeated, again.message.id) == (True, first.id)
    assert await post(store, evolve(draft, content="ab")) == [Refusal.KEY_CONFLICT]


@pytest.mark.partitions
async def test_a_message_is_found_by_its_key_after_its_author_lost_the_right(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel, other = await make_channel(store, ann, ben), await make_channel(store, ann, ben)
    draft = to_channel(ben, channel, "x", "k")
    first = await post_one(store, draft)
    assert channel.workspace_id is not None
    await store.workspaces.remove_member(channel.workspace_id, ben.id, by=ann.id)
    await store.messages.mark_read_up_to(ann.id, first.id)
    again = Posted(first, repeated=True, workspace_id=channel.workspace_id)
    assert await store.messages.repeated(draft) == again  # without its readers
    await revised(store, first.id, Delete(), by=ann.id)
    assert await store.messages.repeated(draft) == again
    for different in (
        evolve(draft, content="y"),
        evolve(draft, key="l"),
        evolve(draft, key=None),
        evolve(draft, author_id=ann.id),
        evolve(draft, channel_id=other.id),
    ):
        assert await store.messages.repeated(different) is None


async def test_a_repeat_shows_whether_its_message_was_delivered_and_read(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await store.relations.request_follow(ben.id, ann.id)
    draft = Draft(ann.id, ben.id, "x", "k")
    first = await post_one(store, draft)
    await store.messages.mark_delivered_up_to(ben.id, first.id)
    delivered = await post_one(store, draft)
    assert (delivered.is_delivered, delivered.is_read) == (True, False)
    await store.messages.mark_read_up_to(ben.id, first.id)
    assert (await post_one(store, draft)).is_read


async def test_eight_concurrent_writers_leave_no_gap_and_keep_their_order(store: Store) -> None:
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


async def test_concurrent_originals_and_repeats_are_stored_once(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    rng = random.Random(1)
    drafts = [Draft(ann.id, rng.choice([ben, eve]).id, str(n), f"k{n}") for n in range(30)]
    outcomes: list[Outcome | Locked] = []

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


@pytest.mark.partitions
async def test_concurrent_sends_with_one_key_are_stored_once_in_each_conversation(
    store: Store,
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    outcomes: list[Outcome | Locked] = []

    async def write(peer: User) -> None:
        for n in range(25):
            outcomes.extend(await post(store, Draft(ann.id, peer.id, "x", f"k{n}")))

    async with trio.open_nursery() as nursery:
        for peer in (ben, eve, ben, eve):
            nursery.start_soon(write, peer)
    fresh = [each for each in outcomes if isinstance(each, Posted) and not each.repeated]
    assert (len(outcomes), len(fresh)) == (100, 50)
    for peer in (ben, eve):
        log = await log_of(store, ann, peer)
        assert [message.seq for message in log] == list(range(1, 26))


@pytest.mark.partitions
async def test_the_assistant_posts_in_any_channel_and_its_asker_has_read_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    dm = await store.channels.dm(ann.id, eve.id)
    for where in (channel, dm):
        question = await post_one(store, to_channel(ann, where, "@AI?"))
        draft = Draft(ASSISTANT_ID, None, "42", channel_id=where.id, asker_id=ann.id)
        answer = await post_one(store, draft)
        assert (answer.author_id, answer.seq) == (ASSISTANT_ID, question.seq + 1)
        assert (answer.read_by, answer.recipient_id) == ((ann.id,), None)
        page = await store.messages.channel_page(where.id, before=None, limit=9, viewer=ann.id)
        assert page[-1] == answer
    conversation = await store.messages.conversation_page(ann.id, eve.id, offset=0, limit=9)
    assert [message.content for message in conversation] == ["@AI?"]
    (listed,) = await store.lists.conversations(eve.id)
    assert (listed.last_message.content, listed.unread_count) == ("@AI?", 1)
    assert await store.lists.unread_count(eve.id) == 1


async def test_two_authors_may_use_the_same_key(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    for author in (ann, ben):
        for content in ("private", "public"):
            to = ben if author is ann else ann
            draft = Draft(author.id, to.id, content, f"{content} key")
            if content == "public":
                draft = evolve(draft, recipient_id=None, channel_id=channel.id)
            (outcome,) = await store.messages.post([draft])
            assert isinstance(outcome, Posted)
            assert (outcome.repeated, outcome.message.author_id) == (False, author.id)


async def test_a_repeat_hides_its_readers_from_an_author_who_was_blocked(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await store.relations.request_follow(ben.id, ann.id)
    draft = Draft(ann.id, ben.id, "hi", "key")
    first = await post_one(store, draft)
    await store.messages.mark_read(ben.id, ann.id)
    again = await post_one(store, draft)
    assert (again.id, again.read_by, again.is_delivered) == (first.id, (ben.id,), True)
    await store.relations.block(ben.id, ann.id)
    again = await post_one(store, draft)
    assert (again.id, again.seq) == (first.id, first.seq)
    assert (again.read_by, again.is_delivered) == ((), False)


async def test_a_repeat_hides_its_readers_if_the_recipient_has_become_private(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, "hi", "key")
    first = await post_one(store, draft)
    await post_one(store, Draft(ben.id, ann.id, "so it is no request"))
    await store.messages.mark_read(ben.id, ann.id)
    assert (await post_one(store, draft)).read_by == (ben.id,)
    await store.accounts.change_profile(ben.id, ProfileChange(is_public=False))
    again = await post_one(store, draft)
    assert (again.id, again.read_by, again.is_delivered) == (first.id, (), False)


async def test_a_repeat_in_a_channel_hides_its_readers_across_a_block(
    store: Store,
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    draft = to_channel(ann, channel, "hi", "key")
    first = await post_one(store, draft)
    await store.relations.block(ben.id, ann.id)
    await store.messages.mark_read_up_to(ben.id, first.id)
    again = await post_one(store, draft)
    assert (again.read_by, again.is_delivered) == ((), False)
    await store.messages.mark_read_up_to(eve.id, first.id)
    again = await post_one(store, draft)
    assert (again.read_by, again.is_delivered) == ((eve.id,), True)
