"""What coming back needs from the log: the same promises from every store."""

import pytest

from persistence.interface import Store
from persistence.records import ChannelHead, Draft, NewChannel, NoSuchUser, Recovery, Span
from protocol.model import Channel, ChannelId, Message, User, UserId
from tests.persistence.people import make_user, make_users, post_one

NOBODY = UserId(987_654_321)


async def make_channel(store: Store, owner: User, *others: User) -> Channel:
    workspace = await store.workspaces.create(owner.id, "Class", None)
    for other in others:
        await store.workspaces.add_member(workspace.id, other.id)
    channel = await store.channels.create(NewChannel(workspace.id, "general"))
    assert channel is not None
    return channel


async def say(store: Store, author: User, channel: Channel, *texts: str) -> list[Message]:
    return [
        await post_one(store, Draft(author.id, None, text, channel_id=channel.id)) for text in texts
    ]


async def test_heads_are_of_the_channels_that_the_user_may_see(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room, secret = await make_channel(store, ann, ben), await make_channel(store, eve)
    dm = await store.channels.dm(ann.id, ben.id)
    await say(store, ann, room, "1", "2")
    assert await store.channels.heads(ben.id) == [ChannelHead(room, 2), ChannelHead(dm, 0)]
    assert await store.channels.heads(ben.id, [secret.id, room.id]) == [ChannelHead(room, 2)]
    assert await store.channels.heads(ben.id, []) == []
    assert await store.channels.heads(eve.id) == [ChannelHead(secret, 0)]


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


async def test_spans_leave_out_what_was_deleted_and_what_is_not_for_the_user(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room = await make_channel(store, ann, ben)
    messages = await say(store, ann, room, "a", "b", "c")
    await store.messages.delete(messages[1].id)
    span = Span(room.id, 0, 3)
    found = await store.messages.in_spans(ben.id, [span], limit=10)
    assert [message.seq for message in found] == [1, 3]
    assert await store.messages.in_spans(eve.id, [span], limit=10) == []
    assert await store.messages.in_spans(ben.id, [Span(ChannelId(10**9), 0, 3)], limit=10) == []


async def test_undelivered_is_what_others_wrote_after_the_last_mark(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    room, silent = await make_channel(store, ann, ben), await make_channel(store, ann, ben)
    await say(store, ann, silent, "nobody ever confirmed anything here")
    first, *missed = await say(store, ann, room, "a", "b", "c")
    assert await store.messages.undelivered(ben.id, limit=10) == []
    await store.messages.mark_delivered_up_to(ben.id, first.id)
    await say(store, ben, room, "my own")
    assert await store.messages.undelivered(ben.id, limit=10) == missed
    assert await store.messages.undelivered(ben.id, limit=1) == missed[-1:]
    await store.messages.mark_read_up_to(ben.id, missed[0].id)
    assert await store.messages.undelivered(ben.id, limit=10) == missed[1:]
    assert room.workspace_id is not None
    await store.workspaces.remove_member(room.workspace_id, ben.id)
    assert await store.messages.undelivered(ben.id, limit=10) == []


async def test_what_a_connection_was_told_is_found_by_its_key_for_a_while(store: Store) -> None:
    ann = await make_user(store, "ann")
    positions = {ChannelId(5): 7, ChannelId(6): 0}
    await store.recoveries.save(b"one", ann.id, {})
    assert await store.recoveries.find(b"one", within=60) == Recovery(ann.id, {})
    await store.recoveries.save(b"one", ann.id, positions)
    assert await store.recoveries.find(b"one", within=60) == Recovery(ann.id, positions)
    assert await store.recoveries.find(b"two", within=60) is None
    await store.recoveries.touch([b"one", b"two"])
    assert await store.recoveries.find(b"one", within=-60) is None
    assert await store.recoveries.purge(older_than=60) == 0
    assert await store.recoveries.purge(older_than=-60) == 1
    assert await store.recoveries.find(b"one", within=60) is None


async def test_only_a_users_connection_can_be_remembered(store: Store) -> None:
    with pytest.raises(NoSuchUser):
        await store.recoveries.save(b"one", NOBODY, {})
