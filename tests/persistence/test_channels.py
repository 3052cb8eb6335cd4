"""Channels and uploads: the same on every store."""

import pytest

from persistence.interface import Store
from persistence.records import (
    ChannelHead,
    Denial,
    Draft,
    NewChannel,
    NoSuchUser,
    ProfileChange,
    Taken,
    Upload,
)
from protocol.model import ChannelKind, MessageKind, Posted, Refusal, User, WorkspaceId
from tests.support.stores.records import (
    NOBODY,
    NOWHERE,
    granted,
    make_channel,
    make_upload,
    make_users,
    post,
    post_one,
    say,
    to_channel,
)


async def test_a_channel_is_its_workspaces_members(store: Store) -> None:
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
    for workspace, name in ((one, "Roses"), (other, "Roses"), (one, "Rose")):
        granted(await store.channels.create(NewChannel(workspace.id, name), by=ann.id))
    for name in ("Roses", "rOSES", " roses "):
        with pytest.raises(Taken) as taken:
            await store.channels.create(NewChannel(one.id, name), by=ann.id)
        assert taken.value.field == "name"
    assert [each.name for each in await store.channels.in_workspace(one.id)] == ["Roses", "Rose"]


async def test_a_dm_is_made_once_whoever_asks(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    made = await store.channels.dm(ben.id, ann.id)
    assert await store.channels.dm(ann.id, ben.id) == made
    assert (made.kind, made.pair, made.workspace_id) == (ChannelKind.DM, (ann.id, ben.id), None)
    assert made.name == f"dm_{ann.id}_{ben.id}"
    assert (made.peer_of(ann.id), made.peer_of(eve.id)) == (ben.id, None)
    assert await store.channels.dms(ann.id) == [made]
    assert await store.channels.dms(eve.id) == []
    access = await store.channels.access(eve.id, made.id)
    assert access is not None
    assert not access.allowed
    with pytest.raises(NoSuchUser):
        await store.channels.dm(ann.id, NOBODY)
    with pytest.raises(ValueError, match="two people"):
        await store.channels.dm(ann.id, ann.id)


async def test_pins_come_in_the_order_they_were_set(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel, other = await make_channel(store, ann), await make_channel(store, ann)
    messages = [await post_one(store, to_channel(ann, channel)) for _ in range(3)]
    for number in (2, 0, 2):
        pinned = granted(await store.channels.pin(channel.id, messages[number].id, by=ann.id))
    assert pinned.pinned == (messages[2].id, messages[0].id)
    listed = await store.messages.pinned(channel.id)
    assert [message.id for message in listed] == [messages[2].id, messages[0].id]
    assert all(message.is_pinned for message in listed)
    for _ in range(2):
        unpinned = granted(await store.channels.unpin(channel.id, messages[2].id, by=ann.id))
        assert unpinned.pinned == (messages[0].id,)
    missing = await store.channels.pin(other.id, messages[0].id, by=ann.id)
    nowhere = await store.channels.unpin(NOWHERE, messages[0].id, by=ann.id)
    assert (missing, nowhere) == (Denial.NOT_FOUND, Denial.NOT_FOUND)


async def test_channels_are_found_in_ones_own_workspaces(store: Store) -> None:
    ann, eve = await make_users(store, "ann", "eve")
    workspace = await store.workspaces.create(ann.id, "w", None)
    for name, class_name, subject in (("lab", "10A", None), ("Maths_%", None, "ALGEBRA")):
        new = NewChannel(workspace.id, name, class_name=class_name, subject=subject)
        granted(await store.channels.create(new, by=ann.id))
    for text, names in (("10A", ["lab"]), ("10", []), ("gebr", ["Maths_%"]), ("_%", ["Maths_%"])):
        found = await store.channels.search(ann.id, text)
        assert [channel.name for channel in found] == names
    assert await store.channels.search(eve.id, "lab") == []


async def test_heads_are_of_the_channels_that_the_user_may_see(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    room, secret = await make_channel(store, ann, ben), await make_channel(store, eve)
    dm = await store.channels.dm(ann.id, ben.id)
    await say(store, ann, room, "1", "2")
    assert await store.channels.heads(ben.id) == [ChannelHead(room, 2), ChannelHead(dm, 0)]
    assert await store.channels.heads(ben.id, [secret.id, room.id]) == [ChannelHead(room, 2)]
    assert await store.channels.heads(ben.id, []) == []
    assert await store.channels.heads(eve.id) == [ChannelHead(secret, 0)]


def naming(url: str, author: User, to: User, key: str | None = None) -> Draft:
    return Draft(author.id, to.id, "see", key, MessageKind.IMAGE, url)


async def test_a_file_is_seen_by_who_may_see_its_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    upload = Upload("/uploads/d/x.png", ann.id, "image/png")
    await store.uploads.add(upload)
    visible = store.uploads.visible
    assert await visible(ann.id, upload.url) == upload
    assert await visible(ben.id, upload.url) is None
    message = await post_one(
        store, Draft(ann.id, ben.id, "see", kind=MessageKind.IMAGE, file_url=upload.url)
    )
    assert await visible(ben.id, upload.url) == upload
    assert await visible(eve.id, upload.url) is None
    assert await visible(ann.id, "/uploads/other") is None
    await store.accounts.change_profile(eve.id, ProfileChange(avatar=upload.url))
    assert await visible(eve.id, upload.url) is None  # it is not eve's
    await store.accounts.change_profile(ann.id, ProfileChange(avatar=upload.url))
    assert await visible(eve.id, upload.url) == upload
    await store.accounts.change_profile(ann.id, ProfileChange(avatar=None))
    assert await visible(eve.id, upload.url) is None
    await store.messages.delete(message.id, by=ann.id)
    assert await visible(ben.id, upload.url) is None


async def test_who_may_not_see_a_file_cannot_name_it(store: Store) -> None:
    """Otherwise naming it would show it, to them and to whom they write."""
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    for unseen in (url, "/uploads/2026-01-01/of_tomorrow.png"):
        assert await post(store, naming(unseen, eve, ben)) == [Refusal.FILE_NOT_FOUND]
    assert await store.uploads.visible(ben.id, url) is None
    assert await store.channels.dms(ben.id) == []  # no conversation came of it either
    foreign = "https://other.example/uploads/2026-01-01/x.png"
    assert (await post_one(store, naming(foreign, eve, ben))).file_url == foreign


async def test_who_may_see_a_file_may_pass_it_on(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    first = await post_one(store, naming(url, ann, ben))
    await post_one(store, naming(url, ben, eve))
    await store.messages.delete(first.id, by=ann.id)
    assert await store.uploads.visible(eve.id, url) is not None  # the second message gives it
    assert await store.uploads.visible(ben.id, url) is not None


async def test_the_right_to_name_a_file_ends_with_the_message_that_gave_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    message = await post_one(store, naming(url, ann, ben))
    await store.messages.delete(message.id, by=ann.id)
    assert await post(store, naming(url, ben, eve)) == [Refusal.FILE_NOT_FOUND]
    await post_one(store, naming(url, ann, ben))
    await store.relations.block(ann.id, ben.id)
    assert await post(store, naming(url, ben, eve)) == [Refusal.FILE_NOT_FOUND]


async def test_a_removed_member_cannot_name_what_was_sent_in_the_workspace(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    url = await make_upload(store, ann)
    assert channel.workspace_id is not None
    await post_one(store, Draft(ann.id, None, "see", file_url=url, channel_id=channel.id))
    await post_one(store, naming(url, ben, eve))
    await store.workspaces.remove_member(channel.workspace_id, ben.id, by=ann.id)
    assert isinstance((await post(store, naming(url, ben, eve)))[0], Posted)  # by his own message
    other = await make_upload(store, ann, "y.png")
    await post_one(store, Draft(ann.id, None, "see", file_url=other, channel_id=channel.id))
    assert await post(store, naming(other, ben, eve)) == [Refusal.FILE_NOT_FOUND]


async def test_of_a_batch_only_those_that_may_name_their_files_are_stored(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    outcomes = await post(
        store,
        naming(url, eve, ben),
        Draft(eve.id, ben.id, "first"),
        naming(url, ann, ben),
        naming(url, eve, ben),
        Draft(eve.id, ben.id, "second"),
    )
    seqs = [each.message.seq if isinstance(each, Posted) else each for each in outcomes]
    assert seqs == [Refusal.FILE_NOT_FOUND, 1, 1, Refusal.FILE_NOT_FOUND, 2]


async def test_a_repeat_is_confirmed_although_its_author_lost_the_file(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    shown = await post_one(store, naming(url, ann, ben))
    sent = await post_one(store, naming(url, ben, eve, "k"))
    await store.messages.delete(shown.id, by=ann.id)
    await store.relations.block(eve.id, ben.id)
    assert await store.uploads.visible(ben.id, url) is None
    assert await post(store, naming(url, ben, eve, "k")) == [Posted(sent, repeated=True)]
