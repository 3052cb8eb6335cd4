"""A user's lists, a page at a time, on both stores."""

from collections.abc import Sequence

import pytest

from persistence.interface import Store
from persistence.lists import Order, Places, Search, Which
from persistence.records import ChannelHead, Draft, NewChannel
from protocol.model import ChannelKind, Standing, User
from protocol.revisions import Delete, React
from tests.support.stores.records import (
    changed,
    granted,
    make_channel,
    make_users,
    post_one,
    revised,
    say,
    to_channel,
)


async def peers_of(store: Store, user: User, which: Which = Which.ALL) -> list[str]:
    """The peers of a user's conversations, read in pages of two."""
    found: list[str] = []
    page = await store.lists.conversations(user.id, which, limit=2)
    while page:
        found += [each.peer.username for each in page]
        page = await store.lists.conversations(user.id, which, before=page[-1].last_id, limit=2)
    return found


async def test_conversations_are_in_the_order_of_their_last_messages(store: Store) -> None:
    ann, *others = await make_users(store, "ann", "ben", "eve", "ida", "kim", "leo")
    ben, eve, ida, kim, leo = others
    for other in (ben, eve, ida, kim):
        await post_one(store, Draft(ann.id, other.id, "hi"))
    again = await post_one(store, Draft(ben.id, ann.id, "again"))
    await store.channels.dm(ann.id, leo.id)  # nothing was said there
    assert await peers_of(store, ann) == ["ben", "kim", "ida", "eve"]
    await revised(store, again.id, Delete(), by=ben.id)
    assert await peers_of(store, ann) == ["ben", "kim", "ida", "eve"]
    (only,) = await store.lists.conversations(ann.id, limit=1)
    assert (only.last_id, only.last_seq) == (again.id, again.seq)
    assert only.last_message.content == "hi"


@pytest.mark.partitions
async def test_a_page_is_full_even_if_conversations_are_left_out(store: Store) -> None:
    ann, *others = await make_users(store, "ann", "ben", "eve", "ida", "kim", "leo")
    first = [await post_one(store, Draft(other.id, ann.id, "hi")) for other in others]
    ben, eve, ida, _, leo = others
    await post_one(store, Draft(ann.id, ben.id, "answered"))
    await store.messages.archive(ann.id, eve.id)
    await revised(store, first[2].id, Delete(), by=ida.id)  # nothing is left there
    await store.relations.block(leo.id, ann.id)
    assert await peers_of(store, ann) == ["ben", "kim", "eve"]
    assert await peers_of(store, ann, Which.UNARCHIVED) == ["ben", "kim"]
    assert await peers_of(store, ann, Which.REQUESTS) == ["kim", "eve"]
    page = await store.lists.conversations(ann.id, Which.UNARCHIVED, limit=2)
    assert [each.peer.username for each in page] == ["ben", "kim"]


@pytest.mark.partitions
async def test_channels_are_listed_by_id(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room = await make_channel(store, ann, ben)
    dm = await store.channels.dm(ann.id, ben.id)
    assert room.workspace_id is not None
    new = NewChannel(room.workspace_id, "news")
    news = granted(await store.channels.create(new, by=ann.id))
    await make_channel(store, eve)
    await post_one(store, to_channel(ann, room))
    everything = [ChannelHead(room, 1), ChannelHead(dm, 0), ChannelHead(news, 0)]
    lists = store.lists
    assert await lists.channels(ann.id) == everything
    assert await lists.channels(ann.id, limit=2) == everything[:2]
    assert await lists.channels(ann.id, after=dm.id) == everything[2:]
    assert await lists.channels(ann.id, Places.CONVERSATIONS) == everything[1:2]
    assert await lists.channels(ann.id, Places.IN_WORKSPACES) == [everything[0], everything[2]]
    assert await lists.channels(ben.id, Places.CONVERSATIONS) == []  # ann has opened it


@pytest.mark.partitions
async def test_channels_with_the_newest_messages_come_first(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    old = await make_channel(store, ann)
    empty = await make_channel(store, ann)
    await say(store, ann, old, "1", "2")
    await post_one(store, Draft(ann.id, ben.id, "3"))
    dm = await store.channels.dm(ann.id, ben.id)
    expected = [ChannelHead(dm, 1), ChannelHead(old, 2), ChannelHead(empty, 0)]
    assert await store.lists.recent(ann.id, limit=9) == expected
    assert await store.lists.recent(ann.id, limit=2) == expected[:2]


@pytest.mark.partitions
async def test_conversations_whose_head_is_not_the_known_one_come_first(store: Store) -> None:
    ann, *others = await make_users(store, "ann", "ben", "eve", "ida", "kim")
    ben, eve, ida, kim = others
    for other in others:
        await post_one(store, Draft(ann.id, other.id, "hi"))

    async def order(limit: int = 9, *, only: bool = False) -> list[str]:
        known = {ben.id: 1, eve.id: 7, kim.id: 1}
        heads = await store.lists.moved_first(ann.id, known, only=only, limit=limit)
        names = {other.id: other.username for other in others}
        return [names[head.channel.peer_of(ann.id) or ann.id] for head in heads]

    assert await order() == ["eve", "ida", "kim", "ben"]  # eve: 7 is above the end
    assert await order(2) == ["eve", "ida"]
    assert await order(only=True) == ["eve", "kim", "ben"]
    await store.relations.block(ida.id, ann.id)
    assert await order() == ["eve", "kim", "ben"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.CREATED_AT, ["general", "Zoe", "art"]),
        (Order.NAME, ["art", "general", "Zoe"]),
        (Order.MEMBER_COUNT, ["Zoe", "general", "art"]),
    ],
)
@pytest.mark.partitions
async def test_a_search_is_sorted_and_continues_after_a_key(
    store: Store, order: Order, expected: Sequence[str]
) -> None:
    ann, zoe, eve = await make_users(store, "ann", "zoe", "eve")
    workspace = await store.workspaces.create(ann.id, "School", None)
    for member in (zoe, eve):
        await store.workspaces.add_member(workspace.id, member.id, by=ann.id)
    await store.channels.create(NewChannel(workspace.id, "general"), by=ann.id)
    await post_one(store, Draft(ann.id, zoe.id, "hi"))
    await store.channels.create(NewChannel(workspace.id, "art"), by=ann.id)
    for is_descending in (False, True):
        names = expected[::-1] if is_descending else expected
        everything = await store.lists.search(
            ann.id, Search(order=order, is_descending=is_descending)
        )
        assert [each.name for each in everything] == list(names)
        for at, each in enumerate(everything):
            wanted = Search(order=order, is_descending=is_descending, after=each.key)
            assert await store.lists.search(ann.id, wanted) == everything[at + 1 :]
        page = Search(order=order, is_descending=is_descending, offset=1, limit=2)
        assert await store.lists.search(ann.id, page) == everything[1:3]


@pytest.mark.partitions
async def test_a_search_matches_names_and_shows_member_counts(store: Store) -> None:
    ann, zoe, eve = await make_users(store, "ann", "zoe", "eve")
    room = await make_channel(store, ann, zoe, eve)
    hi = await post_one(store, Draft(ann.id, zoe.id, "hi"))
    await changed(store, hi.id, React("👋"), by=zoe.id)
    await post_one(store, Draft(ann.id, eve.id, "hi"))
    await store.messages.archive(ann.id, eve.id)

    async def found(text: str, *, with_conversations: bool = True) -> list[tuple[object, ...]]:
        wanted = Search(text, with_conversations=with_conversations)
        return [
            (e.name, e.peer and e.peer.id, e.members, e.head.last_seq, e.head.last_rev)
            for e in await store.lists.search(ann.id, wanted)
        ]

    everything = [(room.name, None, 3, 0, 0), ("Zoe", zoe.id, 2, 1, 1)]
    assert await found("") == everything
    assert await found("ZO") == everything[1:]
    assert await found("", with_conversations=False) == everything[:1]
    assert await found("nothing") == []


@pytest.mark.partitions
async def test_writable_channels_and_unread_counts_of_a_user(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room = await make_channel(store, ann, ben)
    assert room.workspace_id is not None
    news = granted(
        await store.channels.create(
            NewChannel(room.workspace_id, "news", ChannelKind.ANNOUNCEMENT), by=ann.id
        )
    )
    first = await post_one(store, Draft(ann.id, ben.id, "1"))
    other = await post_one(store, Draft(eve.id, ben.id, "2"))
    ids = [room.id, news.id, first.channel_id, other.channel_id]
    lists = store.lists
    assert await lists.writable(ben.id, ids) == {room.id, first.channel_id, other.channel_id}
    assert await lists.writable(ann.id, ids) == {room.id, news.id, first.channel_id}
    await store.relations.block(ben.id, eve.id)
    assert await lists.writable(ben.id, ids) == {room.id, first.channel_id}
    unread = await lists.unread_in(ben.id, ids)
    assert {each: count for each, count in unread.items() if count} == {first.channel_id: 1}
    await store.workspaces.change_role(room.workspace_id, ben.id, Standing.GUEST, by=ann.id)
    assert room.id not in await lists.writable(ben.id, ids)
