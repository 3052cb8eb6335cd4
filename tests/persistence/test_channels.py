"""Channels: the same on every store."""

from typing import Final, Literal
from unicodedata import normalize

import pytest

from persistence.interface import Store
from persistence.records import ChannelHead, Denial, Draft, NewChannel, NoSuchUser, Taken
from protocol.model import ChannelId, ChannelKind, User, WorkspaceId
from protocol.revisions import Pin
from tests.support.stores.records import (
    NOBODY,
    NOWHERE,
    changed,
    dms,
    granted,
    make_channel,
    make_users,
    post_one,
    say,
    to_channel,
)

FORMS: Final[tuple[Literal["NFC", "NFD"], ...]] = ("NFC", "NFD")


@pytest.mark.partitions
async def test_the_members_of_a_workspace_may_join_its_channels(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    assert (channel.kind, channel.pair, channel.pinned) == (ChannelKind.TEXT, None, ())
    for person, allowed in ((ann, True), (ben, True), (eve, False)):
        access = await store.channels.access(person.id, channel.id)
        assert access is not None
        assert (access.channel, access.allowed) == (channel, allowed)
    assert await store.channels.access(ann.id, NOWHERE) is None
    pairs = [(ann.id, channel.id), (eve.id, channel.id), (ann.id, NOWHERE), (ben.id, channel.id)]
    assert list(await store.channels.may_join(pairs)) == [True, False, False, True]
    assert list(await store.channels.may_join([])) == []
    assert channel.workspace_id is not None
    assert await store.channels.in_workspace(channel.workspace_id) == [channel]
    nowhere = NewChannel(WorkspaceId(NOBODY), "x")
    assert await store.channels.create(nowhere, by=ann.id) is Denial.NOT_FOUND


async def test_a_workspace_has_one_channel_of_a_name(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    one, other = [await store.workspaces.create(ann.id, name, None) for name in "ab"]
    for workspace, name in ((one, "Roses"), (other, "Roses"), (one, "Straße")):
        granted(await store.channels.create(NewChannel(workspace.id, name), by=ann.id))
    for name in ("Roses", "rOSES", " roses ", "\u00a0ROSES", "STRASSE"):
        with pytest.raises(Taken) as taken:
            await store.channels.create(NewChannel(one.id, name), by=ann.id)
        assert taken.value.field == "name"
    assert [each.name for each in await store.channels.in_workspace(one.id)] == ["Roses", "Straße"]


async def test_a_dm_is_made_once_for_both_users(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    made = await store.channels.dm(ben.id, ann.id)
    assert await store.channels.dm(ann.id, ben.id) == made
    assert (made.kind, made.pair, made.workspace_id) == (ChannelKind.DM, (ann.id, ben.id), None)
    assert made.name == f"dm_{ann.id}_{ben.id}"
    assert (made.peer_of(ann.id), made.peer_of(eve.id)) == (ben.id, None)
    assert await dms(store, ann.id) == [made]
    assert await dms(store, eve.id) == []
    await store.relations.block(ann.id, ben.id)
    assert await dms(store, ann.id) == [made]  # the user who blocks may still read
    assert await dms(store, ben.id) == []
    access = await store.channels.access(eve.id, made.id)
    assert access is not None
    assert not access.allowed
    with pytest.raises(NoSuchUser):
        await store.channels.dm(ann.id, NOBODY)
    with pytest.raises(ValueError, match="two people"):
        await store.channels.dm(ann.id, ann.id)


async def test_an_empty_dm_is_listed_only_for_the_user_who_opened_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    dm = await store.channels.dm(ben.id, ann.id)

    async def listed(user: User) -> list[ChannelId]:
        heads = [head.channel for head in await store.lists.channels(user.id)]
        assert heads == await dms(store, user.id)
        return [channel.id for channel in heads]

    assert (await listed(ann), await listed(ben)) == ([], [dm.id])
    (head,) = await store.channels.heads(ann.id, [dm.id])  # a user who knows its id may see it
    assert head.channel == dm
    await post_one(store, Draft(ben.id, ann.id, "hi"))
    assert (await listed(ann), await listed(ben)) == ([dm.id], [dm.id])
    other = await store.channels.dm(ann.id, eve.id)
    assert await store.channels.dm(eve.id, ann.id) == other
    assert (await listed(ann), await listed(eve)) == ([dm.id, other.id], [other.id])


async def test_pins_are_in_the_order_in_which_they_were_set(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    messages = [await post_one(store, to_channel(ann, channel)) for _ in range(3)]
    for number in (2, 0, 2):
        await changed(store, messages[number].id, Pin(), by=ann.id)
    access = await store.channels.access(ann.id, channel.id)
    assert access is not None
    assert access.channel.pinned == (messages[2].id, messages[0].id)
    listed = await store.messages.pinned(channel.id)
    assert [message.id for message in listed] == [messages[2].id, messages[0].id]
    assert all(message.is_pinned for message in listed)
    for _ in range(2):
        await changed(store, messages[2].id, Pin(is_pinned=False), by=ann.id)
        (head,) = await store.channels.heads(ann.id, [channel.id])
        assert head.channel.pinned == (messages[0].id,)


@pytest.mark.partitions
async def test_a_channel_is_found_in_either_unicode_normal_form(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    workspace = await store.workspaces.create(ann.id, "w", None)
    for form in FORMS:
        new = NewChannel(workspace.id, f"lab {form}", class_name=normalize(form, "5é"))
        granted(await store.channels.create(new, by=ann.id))
    french = NewChannel(workspace.id, "Français", subject="Poésie")
    granted(await store.channels.create(french, by=ann.id))
    for form in FORMS:
        by_class = await store.channels.search(ann.id, normalize(form, "5é"))
        assert [channel.name for channel in by_class] == ["lab NFC", "lab NFD"]
        for text in ("çais", "ésie"):
            found = await store.channels.search(ann.id, normalize(form, text))
            assert [channel.name for channel in found] == ["Français"]


async def test_a_search_finds_channels_only_in_the_users_workspaces(store: Store) -> None:
    ann, eve = await make_users(store, "ann", "eve")
    workspace = await store.workspaces.create(ann.id, "w", None)
    for name, class_name, subject in (("lab", "10A", None), ("Maths_%", None, "ALGEBRA ẞ")):
        new = NewChannel(workspace.id, name, class_name=class_name, subject=subject)
        granted(await store.channels.create(new, by=ann.id))
    for text, names in (
        ("10A", ["lab"]),
        ("10", []),
        ("gebr", ["Maths_%"]),
        ("_%", ["Maths_%"]),
        ("a ss", ["Maths_%"]),
    ):
        found = await store.channels.search(ann.id, text)
        assert [channel.name for channel in found] == names
    assert await store.channels.search(eve.id, "lab") == []


async def test_heads_are_of_the_channels_that_the_user_may_see(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room, secret = await make_channel(store, ann, ben), await make_channel(store, eve)
    dm = await store.channels.dm(ben.id, ann.id)
    await say(store, ann, room, "1", "2")
    assert await store.lists.channels(ben.id) == [ChannelHead(room, 2), ChannelHead(dm, 0)]
    assert await store.channels.heads(ben.id, [secret.id, room.id]) == [ChannelHead(room, 2)]
    assert await store.channels.heads(ben.id, []) == []
    assert await store.lists.channels(eve.id) == [ChannelHead(secret, 0)]
