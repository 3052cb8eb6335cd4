"""Uploads, and who may see and name them: the same on every store."""

from persistence.interface import Store
from persistence.records import Draft, ProfileChange, Upload
from protocol.model import MessageKind, Posted, Refusal, User
from tests.support.stores.records import make_channel, make_upload, make_users, post, post_one


def naming(url: str, author: User, to: User, key: str | None = None) -> Draft:
    return Draft(author.id, to.id, "see", key, MessageKind.IMAGE, url)


async def test_a_file_is_seen_by_who_may_see_its_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    upload = Upload("/uploads/d/x.png", ann.id, "image/png", "Übung 3.png", 1_234, 30, 20)
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
