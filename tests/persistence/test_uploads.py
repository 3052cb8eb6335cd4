"""Uploads, and who may see and name them: the same on every store."""

import pytest

from persistence.interface import Store
from persistence.records import Draft, NoSuchUser, ProfileChange, StorageFull
from persistence.uploads import Upload
from protocol.model import MessageKind, Posted, Refusal, User
from protocol.revisions import Delete
from tests.support.stores.records import (
    NOBODY,
    make_channel,
    make_upload,
    make_users,
    post,
    post_one,
    revised,
)


def naming(url: str, author: User, to: User, key: str | None = None) -> Draft:
    return Draft(author.id, to.id, "see", key, MessageKind.IMAGE, url)


@pytest.mark.partitions
async def test_a_file_is_visible_to_users_who_may_see_its_message(store: Store) -> None:
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
    await revised(store, message.id, Delete(), by=ann.id)
    assert await visible(ben.id, upload.url) is None


async def test_a_user_who_may_not_see_a_file_cannot_send_it(store: Store) -> None:
    """Otherwise a message with the file would show it to its author and its recipient."""
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    for unseen in (url, "/uploads/2026-01-01/of_tomorrow.png"):
        assert await post(store, naming(unseen, eve, ben)) == [Refusal.FILE_NOT_FOUND]
    assert await store.uploads.visible(ben.id, url) is None
    foreign = "https://other.example/uploads/2026-01-01/x.png"
    assert (await post_one(store, naming(foreign, eve, ben))).file_url == foreign


async def test_a_user_who_may_see_a_file_may_send_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    first = await post_one(store, naming(url, ann, ben))
    await post_one(store, naming(url, ben, eve))
    await revised(store, first.id, Delete(), by=ann.id)
    assert await store.uploads.visible(eve.id, url) is not None  # the second message gives it
    assert await store.uploads.visible(ben.id, url) is not None


async def test_the_right_to_send_a_file_ends_with_the_message_that_gave_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    message = await post_one(store, naming(url, ann, ben))
    await revised(store, message.id, Delete(), by=ann.id)
    assert await post(store, naming(url, ben, eve)) == [Refusal.FILE_NOT_FOUND]
    await post_one(store, naming(url, ann, ben))
    await store.relations.block(ann.id, ben.id)
    assert await post(store, naming(url, ben, eve)) == [Refusal.FILE_NOT_FOUND]


async def test_a_removed_member_cannot_send_the_files_of_the_workspace(store: Store) -> None:
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


async def test_only_the_messages_of_a_batch_with_unseen_files_are_refused(store: Store) -> None:
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
    await revised(store, shown.id, Delete(), by=ann.id)
    await store.relations.block(eve.id, ben.id)
    assert await store.uploads.visible(ben.id, url) is None
    assert await post(store, naming(url, ben, eve, "k")) == [Posted(sent, repeated=True)]


def upload_of(owner: User, name: str, size: int = 100) -> Upload:
    return Upload(f"/uploads/2026-01-01/{name}", owner.id, "image/png", name, size)


async def collected(store: Store) -> list[str]:
    """Collect all files that are due; returns those that were removed."""
    gone: set[str] = set()
    while looked_at := await store.uploads.collect(limit=2):
        removed = [url for url, is_gone in looked_at.items() if is_gone]
        gone.update(removed)
        await store.uploads.forget(removed)
    return sorted(gone)


async def test_a_file_is_collected_with_its_last_reference(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    first = await post_one(store, naming(url, ann, ben))
    second = await post_one(store, naming(url, ben, eve))
    await revised(store, first.id, Delete(), by=ann.id)
    assert await collected(store) == []
    assert await store.uploads.visible(eve.id, url) is not None
    await revised(store, second.id, Delete(), by=ben.id)
    assert await store.uploads.collect(limit=9) == {url: True}
    assert await store.uploads.collect(limit=9) == {url: True}  # until it was removed
    await store.uploads.forget([url])
    assert await store.uploads.collect(limit=9) == {}
    assert await store.uploads.visible(ann.id, url) is None
    assert await store.uploads.known([url]) == frozenset()
    assert await post(store, naming(url, ann, ben)) == [Refusal.FILE_NOT_FOUND]


async def test_a_file_is_kept_while_it_is_a_profile_picture(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    url = await make_upload(store, ann)
    message = await post_one(store, naming(url, ann, ben))
    await store.accounts.change_profile(ann.id, ProfileChange(avatar=url))
    await revised(store, message.id, Delete(), by=ann.id)
    assert await collected(store) == []
    await store.accounts.change_profile(ann.id, ProfileChange(nickname="a"))
    assert await collected(store) == []
    await store.accounts.change_profile(ann.id, ProfileChange(avatar="/uploads/2026-01-01/y.png"))
    assert await collected(store) == [url]


async def test_a_file_that_is_never_sent_is_collected_after_its_grace_period(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    unsent, sent, new = (upload_of(ann, name) for name in ("unsent", "sent", "new"))
    for each in (unsent, sent):
        assert await store.uploads.add(each, grace=0.0) is None
    assert await store.uploads.add(new, grace=60.0) is None
    await post_one(store, naming(sent.url, ann, ben))
    assert await collected(store) == [unsent.url]
    urls = [each.url for each in (unsent, sent, new)]
    assert await store.uploads.known([*urls, "/uploads/x"]) == {sent.url, new.url}


async def test_files_that_lost_a_reference_last_are_collected_first(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    for number in range(5):
        assert await store.uploads.add(upload_of(ann, f"old{number}"), grace=0.0) is None
    url = await make_upload(store, ann)
    message = await post_one(store, naming(url, ann, ben))
    await revised(store, message.id, Delete(), by=ann.id)
    assert await store.uploads.collect(limit=1) == {url: True}
    await store.uploads.forget([url])
    assert len(await collected(store)) == 5


async def test_an_address_elsewhere_is_no_upload(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    message = await post_one(store, naming("https://a.example", ann, ben))
    await revised(store, message.id, Delete(), by=ann.id)
    assert await store.uploads.collect(limit=9) == {}


async def test_a_user_has_no_more_than_the_quota(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    add = store.uploads.add
    assert await add(upload_of(ann, "a", 60), quota=100, grace=0.0) is None
    assert await add(upload_of(ann, "b", 41), quota=100) is StorageFull.OF_OWNER
    assert await add(upload_of(ann, "c", 40), quota=100) is None
    assert await add(upload_of(ann, "d", 1), quota=100) is StorageFull.OF_OWNER
    assert await add(upload_of(ann, "e", 1_000), quota=0) is None
    assert await add(upload_of(ben, "f", 100), quota=100) is None
    known = await store.uploads.known([upload_of(ann, name).url for name in "abcdef"])
    assert {url[-1] for url in known} == set("acef")
    with pytest.raises(NoSuchUser):
        await add(Upload("/uploads/2026-01-01/g", NOBODY, "image/png", "g", 1))


async def test_a_deleted_file_makes_room_in_the_quota(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    assert await store.uploads.add(upload_of(ann, "a", 100), quota=100, grace=0.0) is None
    assert await store.uploads.add(upload_of(ann, "b", 100), quota=100) is StorageFull.OF_OWNER
    assert await collected(store) == [upload_of(ann, "a").url]
    assert await store.uploads.add(upload_of(ann, "b", 100), quota=100) is None


async def test_all_users_together_have_a_quota(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    assert await store.uploads.add(upload_of(ann, "a", 60), quota=100, total=100) is None
    full = await store.uploads.add(upload_of(ben, "b", 41), quota=100, total=100)
    assert full is StorageFull.OF_ALL
    assert await store.uploads.of_user(ben.id, after="", limit=9) == []
    assert await store.uploads.add(upload_of(ben, "b", 40), quota=100, total=100) is None
    assert await store.uploads.add(upload_of(ben, "c", 1), total=0) is None


async def test_the_files_of_a_user_are_listed_in_pages(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    mine = [upload_of(ann, name) for name in ("b", "a", "C")]
    for each in (*mine, upload_of(ben, "d")):
        assert await store.uploads.add(each) is None
    first = await store.uploads.of_user(ann.id, after="", limit=2)
    rest = await store.uploads.of_user(ann.id, after=first[-1].url, limit=2)
    assert [*first, *rest] == sorted(mine, key=lambda each: each.url)
