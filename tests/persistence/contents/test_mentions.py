"""Mentions in every store: mentioned and notified users, unread counts, and lists."""

from datetime import UTC, datetime, timedelta

import pytest
import trio
from attrs import evolve

from persistence.contents.revisions import Revised
from persistence.interface import Store
from persistence.lists import Places
from persistence.records import Draft, Gap
from protocol.model import (
    Channel,
    Mention,
    Message,
    MessageFate,
    MessageId,
    Posted,
    User,
)
from protocol.notes import Mute
from protocol.revisions import Delete, Edit, React
from tests.support.stores.records import (
    changed,
    granted,
    make_channel,
    make_user,
    make_users,
    post,
    post_one,
    revised,
    to_channel,
)


async def posted(store: Store, author: User, channel: Channel, content: str) -> Posted:
    (outcome,) = await post(store, to_channel(author, channel, content))
    assert isinstance(outcome, Posted), outcome
    return outcome


def named(*users: User) -> tuple[Mention, ...]:
    return tuple(Mention(each.id, each.username) for each in users)


async def unread(store: Store, user: User, places: Places = Places.ALL) -> list[int]:
    return [*(await store.mentions.unread(user.id, places)).values()]


async def listed(store: Store, user: User, places: Places = Places.ALL) -> list[Message]:
    return [*await store.mentions.listed(user.id, places, limit=99)]


async def test_a_message_mentions_users_who_may_see_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    for content in ("@ben, @eve and @nobody: hi @ann", "@BEN"):
        done = await posted(store, ann, channel, content)
        assert done.message.mentions == named(ben)
        assert done.mentioned == (ben.id,)
        (shown,) = await store.messages.channel_page(channel.id, before=None, limit=1)
        assert shown == done.message
        assert await store.messages.get(shown.id) == shown
    assert (await unread(store, ben), await unread(store, eve)) == ([2], [])
    assert await unread(store, ann) == []  # authors' own messages do not count


async def test_plain_messages_of_the_same_batch_have_no_mentions(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    drafts = [to_channel(ann, channel, text) for text in ("one", "@ben", "@nobody", "a@b")]
    outcomes = await post(store, *drafts)
    found = [each.message.mentions for each in outcomes if isinstance(each, Posted)]
    assert found == [(), named(ben), (), ()]


async def test_a_username_that_includes_the_punctuation_is_preferred(store: Store) -> None:
    ann, bob, other = await make_users(store, "ann", "bob", "bob_")
    channel = await make_channel(store, ann, bob)
    assert (await post_one(store, to_channel(ann, channel, "@bob_"))).mentions == named(bob)
    workspace_id = channel.workspace_id
    assert workspace_id is not None
    granted(await store.workspaces.add_member(workspace_id, other.id, by=ann.id))
    assert (await post_one(store, to_channel(ann, channel, "@bob_"))).mentions == named(other)


@pytest.mark.partitions
async def test_a_repeated_send_has_its_mentions_and_notifies_no_user(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, "hi @ben", "k")
    first = await post_one(store, draft)
    (again,) = await post(store, draft)
    assert again == Posted(first, repeated=True)
    assert first.mentions == named(ben)


async def test_the_owner_may_mention_the_channel_and_a_member_may_not(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    done = await posted(store, ann, channel, "@channel @ben")
    assert (done.message.mentions, done.message.mentions_channel) == (named(ben), True)
    assert done.mentioned == (ben.id,)
    by_member = await posted(store, ben, channel, "@channel")
    assert (by_member.message.mentions_channel, by_member.mentioned) == (False, ())
    private = await post_one(store, Draft(ann.id, ben.id, "@channel"))
    assert not private.mentions_channel
    assert (await unread(store, ben), await unread(store, eve)) == ([1], [])
    assert await listed(store, ben) == [done.message]


async def test_a_mention_of_the_channel_is_for_those_who_were_members_then(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    workspace_id = channel.workspace_id
    assert workspace_id is not None
    before = await posted(store, ann, channel, "@channel")
    edited = await posted(store, ann, channel, "to nobody")
    while datetime.now(UTC) < edited.message.created_at + timedelta(milliseconds=2):
        await trio.lowlevel.checkpoint()
    granted(await store.workspaces.add_member(workspace_id, eve.id, by=ann.id))
    assert (await unread(store, ben), await unread(store, eve)) == ([1], [])
    assert await listed(store, eve) == []
    done = await revised(store, edited.message.id, Edit("@channel"), by=ann.id)
    assert isinstance(done, Revised)
    assert done.mentioned == (ben.id,)
    after = await posted(store, ann, channel, "@channel")
    assert after.mentioned == tuple(sorted((ben.id, eve.id)))
    assert (await unread(store, ben), await unread(store, eve)) == ([3], [1])
    assert await listed(store, eve) == [after.message]
    assert before.mentioned == (ben.id,)


async def test_there_are_no_mentions_across_a_block(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    before = await post_one(store, to_channel(ann, channel, "@ben @channel"))
    await store.relations.block(ben.id, ann.id)
    done = await posted(store, ann, channel, "@ben @eve")
    assert done.message.mentions == named(eve)
    everybody = await posted(store, ann, channel, "@channel")
    assert everybody.mentioned == (eve.id,)
    assert await listed(store, ben) == []
    assert await unread(store, ben) == []
    await store.relations.unblock(ben.id, ann.id)
    assert [each.id for each in await listed(store, ben)] == [everybody.message.id, before.id]


@pytest.mark.partitions
async def test_read_mentions_are_listed_and_not_counted(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    sent = [await post_one(store, to_channel(ann, channel, f"@ben {n}")) for n in range(3)]
    private = await post_one(store, Draft(ann.id, ben.id, "@ben"))
    await store.messages.mark_read_up_to(ben.id, sent[1].id)
    assert await store.mentions.unread(ben.id) == {channel.id: 1, private.channel_id: 1}
    newest = [private.id, *(each.id for each in reversed(sent))]
    assert [each.id for each in await listed(store, ben)] == newest
    assert [each.id for each in await listed(store, ben, Places.CONVERSATIONS)] == newest[:1]
    assert [each.id for each in await listed(store, ben, Places.IN_WORKSPACES)] == newest[1:]
    assert await unread(store, ben, Places.CONVERSATIONS) == [1]
    page = await store.mentions.listed(ben.id, before=sent[2].id, limit=1)
    assert [each.id for each in page] == [sent[1].id]


async def test_an_edit_resolves_the_mentions_again(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    first = await post_one(store, to_channel(ann, channel, "@ben"))
    edited = await revised(store, first.id, Edit("@eve"), by=ann.id)
    assert isinstance(edited, Revised)
    assert edited.message.mentions == named(eve)
    assert (edited.mentioned, edited.no_longer_mentioned) == ((eve.id,), (ben.id,))
    assert (await unread(store, ben), await unread(store, eve)) == ([], [1])
    same = await revised(store, first.id, Edit("hi @eve"), by=ann.id)
    assert isinstance(same, Revised)
    assert (same.mentioned, same.no_longer_mentioned) == ((), ())
    reacted = await revised(store, first.id, React("👍"), by=eve.id)
    assert isinstance(reacted, Revised)
    assert (reacted.mentioned, reacted.message.mentions) == ((), named(eve))
    gone = await revised(store, first.id, Delete(), by=ann.id)
    assert isinstance(gone, Revised)
    assert (gone.message.mentions, gone.no_longer_mentioned) == ((), (eve.id,))
    assert await unread(store, eve) == []
    assert await listed(store, eve) == []


async def test_a_user_who_left_is_not_mentioned_any_more(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    first = await post_one(store, to_channel(ann, channel, "@ben @channel"))
    assert channel.workspace_id is not None
    granted(await store.workspaces.remove_member(channel.workspace_id, ben.id, by=ben.id))
    assert (await unread(store, ben), await listed(store, ben)) == ([], [])
    outcome = await revised(store, first.id, Edit("@ben"), by=ann.id)
    assert isinstance(outcome, Revised)
    assert (outcome.mentioned, outcome.no_longer_mentioned) == ((), ())
    assert outcome.message.mentions == ()


async def test_deleted_accounts_are_not_mentioned(store: Store) -> None:
    ann, ben, eve, kim = await make_users(store, "ann", "ben", "eve", "kim")
    channel = await make_channel(store, ann, ben, eve, kim)
    first = await post_one(store, to_channel(ann, channel, "@ben @eve"))
    await post_one(store, to_channel(kim, channel, "@eve"))
    await post_one(store, to_channel(ben, channel, "@eve"))
    await store.accounts.delete(ben.id, MessageFate.KEEP)
    shown = await store.messages.get(first.id)
    assert shown is not None
    assert shown.mentions == named(eve)
    assert await unread(store, eve) == [3]
    again = await make_user(store, "ben")
    assert await unread(store, again) == []
    await store.accounts.delete(kim.id, MessageFate.REMOVE)
    assert await unread(store, eve) == [2]


async def test_mentions_in_a_declined_request_do_not_count(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    private = await post_one(store, Draft(ann.id, ben.id, "@ben"))
    assert await unread(store, ben) == [1]
    await store.relations.decline_message_request(ben.id, ann.id)
    assert (await unread(store, ben), await listed(store, ben)) == ([], [])
    assert (await changed(store, private.id, Edit("hi"), by=ann.id)).mentions == ()


async def test_in_a_muted_channel_only_mentions_by_name_count(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    everybody = await posted(store, ann, channel, "@channel")
    await store.notes.mute(ben.id, channel.id, Mute())
    assert (await unread(store, ben), await listed(store, ben)) == ([], [])
    assert await unread(store, eve) == [1]
    assert (await posted(store, ann, channel, "@channel")).mentioned == (eve.id,)
    both = await posted(store, ann, channel, "@channel @ben")
    assert both.mentioned == (ben.id, eve.id)
    assert (await unread(store, ben), await listed(store, ben)) == ([1], [both.message])
    await store.notes.mute(ben.id, channel.id, Mute(datetime(2020, 1, 1, tzinfo=UTC)))
    assert await unread(store, ben) == [3]
    edited = await revised(store, everybody.message.id, Edit("hi"), by=ann.id)
    assert isinstance(edited, Revised)
    assert edited.no_longer_mentioned == (ben.id, eve.id)


async def test_a_muted_conversation_has_mentions_and_no_unread_count(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post_one(store, Draft(ann.id, ben.id, "hi"))
    await store.notes.mute(ben.id, first.channel_id, Mute())
    (done,) = await post(store, Draft(ann.id, ben.id, "@ben"))
    assert isinstance(done, Posted)
    assert done.mentioned == (ben.id,)
    assert await unread(store, ben) == [1]
    assert await store.lists.unread_count(ben.id) == 0


async def test_a_hidden_message_does_not_mention_the_user_who_hid_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    first = await post_one(store, to_channel(ann, channel, "@ben"))
    await store.notes.hide(ben.id, first.id)
    assert (await unread(store, ben), await listed(store, ben)) == ([], [])
    edited = await revised(store, first.id, Edit("@ben @eve @channel"), by=ann.id)
    assert isinstance(edited, Revised)
    assert (edited.mentioned, edited.no_longer_mentioned) == ((eve.id,), ())
    await store.notes.hide(ben.id, first.id, is_hidden=False)
    assert (await unread(store, ben), await listed(store, ben)) == ([1], [edited.message])
    plain = await post_one(store, to_channel(ann, channel, "hi"))
    await store.notes.hide(ben.id, plain.id)
    told = await revised(store, plain.id, Edit("@ben"), by=ann.id)
    assert isinstance(told, Revised)
    assert (told.message.mentions, told.mentioned) == (named(ben), ())
    everybody = await post_one(store, to_channel(ann, channel, "@channel"))
    await store.notes.hide(ben.id, everybody.id)
    assert await listed(store, ben) == [edited.message]


async def test_mentions_that_are_unread_again_count_again(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    sent = [await post_one(store, to_channel(ann, channel, f"@ben {n}")) for n in range(3)]
    await store.messages.mark_read_up_to(ben.id, sent[2].id)
    assert await unread(store, ben) == []
    await store.notes.mark_unread(ben.id, sent[1].id)
    assert await unread(store, ben) == [2]


@pytest.mark.partitions
async def test_a_copy_has_no_mentions(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    first = await post_one(store, to_channel(ann, channel, "@ben @channel"))
    (copy,) = await post(store, Draft(ann.id, ben.id, "@ben", forwards=first.id))
    assert isinstance(copy, Posted)
    assert (copy.message.content, copy.message.mentions, copy.mentioned) == (first.content, (), ())
    drafts = Draft(ann.id, ben.id, "", forwards=first.id), Draft(ann.id, ben.id, "@ben")
    _, said = await post(store, *drafts)
    assert isinstance(said, Posted)
    assert said.message.mentions == named(ben)
    assert await store.mentions.unread(ben.id) == {channel.id: 1, said.message.channel_id: 1}


@pytest.mark.partitions
async def test_a_reply_has_mentions_like_any_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    first = await post_one(store, to_channel(ben, channel, "hi"))
    draft = evolve(to_channel(ann, channel, "@eve"), parent_id=first.id)
    (reply,) = await post(store, draft)
    assert isinstance(reply, Posted)
    assert (reply.mentioned, reply.followers) == ((eve.id,), (ben.id,))
    assert reply.message.mentions == named(eve)
    assert reply.message.thread is not None
    assert await listed(store, eve) == [reply.message]


async def test_a_message_found_in_a_gap_has_its_mentioned_users(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    done = await posted(store, ann, channel, "@ben")
    (found,) = await store.messages.in_gaps([Gap(channel.id, 0, MessageId(0))], limit=9)
    assert found.mentioned == done.mentioned == (ben.id,)
    assert found.message.mentions == named(ben)


async def test_strange_names_are_no_mentions(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    for content in ("@", "@be\u202en", "@\u0000"[:1], '@"\\" \'; --', "@" * 4_000, '@"]}"'):
        assert (await post_one(store, to_channel(ann, channel, content))).mentions == ()
    many = " ".join(f"@u{number}" for number in range(1_000))
    assert (await post_one(store, to_channel(ann, channel, f"@ben {many}"))).mentions == named(ben)
