"""What is left of a deleted account, and of other users' data about it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from persistence.interface import Store
from persistence.lists import Places
from persistence.records import (
    Draft,
    Gone,
    Identity,
    NewUser,
    NoSuchUser,
    ProfileChange,
    Side,
    Span,
    channel_key,
)
from persistence.uploads import Upload
from protocol.model import (
    Message,
    MessageFate,
    MessageId,
    MessageKind,
    Posted,
    Reached,
    Refusal,
    User,
)
from protocol.revisions import Pin
from tests.support.stores.records import (
    NOBODY,
    granted,
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

KEEP, REMOVE = MessageFate.KEEP, MessageFate.REMOVE


async def test_kept_messages_have_a_deleted_user_as_author(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ben, ann)
    for draft in (
        Draft(ann.id, ben.id, "to ben", "k1"),
        Draft(ben.id, ann.id, "to ann"),
        to_channel(ann, channel, "to all", "k2"),
        Draft(eve.id, ann.id, "may I?"),
    ):
        await post_one(store, draft)
    assert await store.accounts.delete(ann.id, KEEP)
    talk = await log_of(store, ben, ann)
    assert [(m.seq, m.author_id, m.content, m.key) for m in talk] == [
        (1, ann.id, "to ben", None),
        (2, ben.id, "to ann", None),
    ]
    page = await store.messages.channel_page(channel.id, before=None, limit=9)
    assert [(m.author_id, m.content, m.key) for m in page] == [(ann.id, "to all", None)]
    (author,) = (await store.accounts.get_many([ann.id])).values()
    assert author == await store.accounts.get(ann.id)
    assert (author.name, author.username) == ("Deleted user", f"deleted-{ann.id}")
    assert author.deleted_at is not None
    shown = [each.peer.name for each in await store.lists.conversations(ben.id)]
    assert shown == ["Deleted user"]
    assert await store.lists.unread_count(ben.id) == 1
    assert [each.content for each in await log_of(store, eve, ann)] == ["may I?"]


async def test_a_private_user_still_reads_the_messages_of_a_deleted_user(store: Store) -> None:
    ann, eve = await make_users(store, "ann", "eve")
    ben = await make_user(store, "ben", is_public=False)
    await store.relations.request_follow(ben.id, ann.id)
    await post_one(store, Draft(ann.id, ben.id, "hello"))
    await store.accounts.delete(ann.id, KEEP)
    assert [each.content for each in await log_of(store, ben, ann)] == ["hello"]
    assert (await store.relations.conversation_view(ben.id, ann.id)).may_see
    (conversation,) = await store.lists.conversations(ben.id)
    assert conversation.peer.id == ann.id
    await store.relations.block(ben.id, eve.id)
    assert not (await store.relations.conversation_view(eve.id, ben.id)).may_see


@pytest.mark.parametrize("fate", list(MessageFate))
async def test_all_other_data_of_a_deleted_user_is_gone(store: Store, fate: MessageFate) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    identity = Identity("https://id.example", "ann")
    ann = await store.accounts.create(
        NewUser("Ann B", "hash", "ann.b", "ann@example.org", identity=identity)
    )
    hashed = b"h" * 32
    await store.sessions.open(ann.id, hashed, timedelta(days=1))
    await store.relations.request_follow(ben.id, ann.id)
    await store.relations.block(ann.id, (await make_user(store, "eve")).id)
    channel = await make_channel(store, ben, ann)
    other = await store.workspaces.create(ben.id, "tea", None)
    granted(await store.invitations.invite(other.id, ann.id, by=ben.id))
    own = await store.workspaces.create(ann.id, "alone", None)
    await post_one(store, to_channel(ben, channel, "read me"))
    await store.messages.mark_read_up_to(
        ann.id, (await post_one(store, to_channel(ben, channel, "and me"))).id
    )
    await store.accounts.delete(ann.id, fate)
    accounts = store.accounts
    assert await accounts.find("ann.b") is None
    assert await accounts.credentials("ann.b") is None
    assert await accounts.credentials("ann@example.org") is None
    assert await accounts.of_identity(identity) is None
    assert await accounts.identities(ann.id) == []
    assert "ann.b" not in {each.username for each in await accounts.list_page(after=None, limit=9)}
    assert ann.id not in {each.id for each in await accounts.list_page(after=None, limit=9)}
    assert await store.sessions.find([hashed]) == [None]
    assert await store.sessions.of_user(ann.id) == []
    assert await store.relations.related(ben.id, Side.FOLLOWING) == []
    assert await store.relations.reachable(ben.id, text="deleted", before=None, limit=9) == []
    assert await store.workspaces.get(own.id) is None
    assert await store.workspaces.of_user(ann.id) == []
    assert await store.invitations.of_user(ann.id) == []
    assert await store.channels.watermarks(ann.id, [channel.id]) == {}
    page = await store.messages.channel_page(channel.id, before=None, limit=9, viewer=ben.id)
    assert [each.read_by for each in page] == [(), ()]
    again = await accounts.create(NewUser("Ann", "hash", "ann.b", "ann@example.org"))
    assert again.id != ann.id


@pytest.mark.parametrize("fate", list(MessageFate))
async def test_nothing_is_stored_for_a_deleted_user(store: Store, fate: MessageFate) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ben, ann)
    await post_one(store, Draft(ann.id, ben.id, "hello"))
    await store.accounts.delete(ann.id, fate)
    (to_ben,) = await post(store, Draft(ann.id, ben.id, "later"))
    assert isinstance(to_ben, Refusal)
    assert isinstance((await post(store, to_channel(ann, channel)))[0], Refusal)
    assert isinstance((await post(store, Draft(ben.id, ann.id, "later")))[0], Refusal)
    soon = timedelta(days=1)
    refused: list[Callable[[], Awaitable[object]]] = [
        lambda: store.sessions.open(ann.id, b"x" * 32, soon),
        lambda: store.accounts.change_profile(ann.id, ProfileChange(name="Ann")),
        lambda: store.accounts.change_email(ann.id, "ann@example.org"),
        lambda: store.accounts.set_password(ann.id, "hash"),
        lambda: store.uploads.add(Upload("/uploads/d/a", ann.id, "image/png", "a", 1)),
        lambda: store.recoveries.save(b"k", ann.id, {channel.id: Reached(1)}),
        lambda: store.channels.dm(eve.id, ann.id),
        lambda: store.relations.block(ben.id, ann.id),
        lambda: store.accounts.delete(ann.id, fate),
        lambda: store.accounts.delete(NOBODY, fate),
    ]
    for store_it in refused:
        with pytest.raises(Gone):
            await store_it()
    assert await store.relations.request_follow(ben.id, ann.id) is None
    assert not await store.relations.accept_message_request(ben.id, ann.id)
    with pytest.raises(NoSuchUser):
        await store.workspaces.add_member(
            (await store.workspaces.of_user(ben.id))[0].id, ann.id, by=ben.id
        )


@pytest.mark.parametrize("fate", list(MessageFate))
@pytest.mark.partitions
async def test_messages_with_files_of_a_deleted_user_are_removed(
    store: Store, fate: MessageFate
) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    channel = await make_channel(store, ben, ann)
    draft = Draft(ann.id, None, "my cat", None, MessageKind.IMAGE, url, channel_id=channel.id)
    pinned = await post_one(store, draft)
    granted(await revised(store, pinned.id, Pin(), by=ben.id))
    passed_on = Draft(ben.id, eve.id, "her cat", "k", MessageKind.IMAGE, url)
    await post_one(store, passed_on)
    await store.accounts.delete(ann.id, fate)
    assert await store.messages.channel_page(channel.id, before=None, limit=9) == []
    assert await store.messages.pinned(channel.id) == []
    assert await log_of(store, ben, eve) == []
    assert await store.uploads.known([url]) == frozenset()
    assert (await store.uploads.collect(limit=9))[url]
    (after,) = await post(store, to_channel(ben, channel, "after"))
    assert isinstance(after, Posted)
    assert after.message.seq == 2


async def test_the_seqs_of_removed_messages_are_not_used_again(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ben, ann)
    for author in (ann, ben, ann):
        await post_one(store, to_channel(author, channel, f"{author.name} wrote"))
    await post_one(store, Draft(ben.id, ann.id, "to ann"))
    await store.accounts.delete(ann.id, REMOVE)
    page = await store.messages.in_spans(ben.id, [Span(channel.id, 0, 9)], limit=9)
    assert [(each.seq, each.content) for each in page] == [(2, "Ben wrote")]
    (head,) = await store.channels.heads(ben.id, [channel.id])
    assert head.last_seq == 3
    assert await store.lists.channels(ben.id, Places.CONVERSATIONS) == []
    assert await store.accounts.get(ann.id) is None


@pytest.mark.parametrize("fate", list(MessageFate))
@pytest.mark.partitions
async def test_the_owner_of_a_workspace_with_members_is_not_deleted(
    store: Store, fate: MessageFate
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    await post_one(store, to_channel(ann, channel, "hello", "k"))
    assert not await store.accounts.delete(ann.id, fate)
    assert await store.accounts.find("ann") == ann
    assert [each.key for each in await channel_log(store, ann)] == ["k"]
    (handed,) = await store.workspaces.hand_over(ann.id, ben.id)
    assert handed.owner_id == ben.id
    assert await store.workspaces.hand_over(ann.id, ben.id) == []
    assert await store.accounts.delete(ann.id, fate)


async def test_another_user_may_have_the_name_that_a_deleted_user_would_get(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    taken = f"deleted-{ann.id}"
    await make_user(store, taken)
    await store.accounts.delete(ann.id, KEEP)
    left = await store.accounts.get(ann.id)
    assert left is not None
    assert left.username.startswith(f"{taken}-")
    assert channel_key(left.name) == "deleted user"


async def channel_log(store: Store, user: User) -> list[Message]:
    written = await store.log.written(user.id, above=MessageId(0), limit=9)
    return list(written.messages)
