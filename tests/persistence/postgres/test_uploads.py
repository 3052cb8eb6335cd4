"""Files in Postgres: concurrent transactions, and deletions in plain SQL."""

from collections.abc import Sequence
from typing import Final

import pytest
import trio

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.records import Draft, ProfileChange, StorageFull
from persistence.uploads import Upload
from protocol.model import ChannelId, MessageKind, Posted, Refusal, User
from protocol.revisions import Delete
from tests.support.stores.databases import Databases, execute, open_transaction, until_one_waits
from tests.support.stores.records import make_channel, make_users, post_one, revised

ROUNDS: Final = 15
LOST: Final = """
    SELECT count(*) FROM messages m WHERE m.file_url IS NOT NULL
       AND NOT EXISTS (SELECT FROM uploads u WHERE u.url = m.file_url)
"""


def upload_of(owner: User, name: str, size: int = 1) -> Upload:
    return Upload(f"/uploads/2026-01-01/{name}", owner.id, "image/png", name, size)


def naming(url: str, author: User, to: User) -> Draft:
    return Draft(author.id, to.id, "see", kind=MessageKind.IMAGE, file_url=url)


async def test_a_file_whose_message_is_being_stored_is_kept(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        upload = upload_of(ann, "a")
        assert await store.uploads.add(upload, grace=0.0) is None
        post = (
            f"SELECT FROM post_messages(ARRAY[{ann.id}], ARRAY[{ben.id}], NULL, ARRAY[1],"
            f" ARRAY['see'], NULL, ARRAY['image'], ARRAY['{upload.url}'], ARRAY[false],"
            " NULL, NULL, NULL, NULL)"
        )
        looked_at: list[dict[str, bool]] = []

        async def collect() -> None:
            looked_at.append(dict(await store.uploads.collect(limit=9)))

        async with (
            trio.open_nursery() as nursery,
            open_transaction(dsn, post, commit=True),  # when this block ends
        ):
            nursery.start_soon(collect)
            await until_one_waits(dsn, looked_at)
        assert looked_at == [{upload.url: False}]
        assert await store.uploads.visible(ben.id, upload.url) == upload


async def test_a_message_cannot_name_a_file_that_is_being_deleted(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        upload = upload_of(ann, "a")
        assert await store.uploads.add(upload, grace=0.0) is None
        outcomes: list[object] = []

        async def post() -> None:
            outcomes.extend(await store.messages.post([naming(upload.url, ann, ben)]))

        async with trio.open_nursery() as nursery:
            collect = "SELECT FROM collect_uploads(9)"
            async with open_transaction(dsn, collect, commit=True):
                nursery.start_soon(post)
                await until_one_waits(dsn, outcomes)
        assert outcomes == [Refusal.FILE_NOT_FOUND]
        assert await execute(dsn, LOST) == 0


async def test_a_file_that_becomes_a_profile_picture_meanwhile_is_kept(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        upload = upload_of(ann, "a")
        assert await store.uploads.add(upload, grace=0.0) is None
        looked_at: list[dict[str, bool]] = []

        async def collect() -> None:
            looked_at.append(dict(await store.uploads.collect(limit=9)))

        async with trio.open_nursery() as nursery:
            change = f"UPDATE users SET avatar = '{upload.url}' WHERE id = {ann.id}"
            async with open_transaction(dsn, change, commit=True):
                nursery.start_soon(collect)
                await until_one_waits(dsn, looked_at)
        assert looked_at == [{upload.url: False}]


async def test_no_message_loses_its_file_while_files_are_sent_deleted_and_collected(
    databases: Databases,
) -> None:
    """Half of the messages are deleted again; at the end the uploader's account is deleted."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=4, lanes=3) as store,
    ):
        for _ in range(ROUNDS):
            ann, ben, eve = await make_users(store, "ann", "ben", "eve")
            channel = (await make_channel(store, eve, ann, ben)).id
            uploads = [upload_of(ann, f"{number}") for number in range(6)]
            for each in uploads:
                assert await store.uploads.add(each, grace=0.0) is None
            over = trio.Event()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(collect_until, over, store)
                async with trio.open_nursery() as senders:
                    for _ in range(3):
                        senders.start_soon(send_and_delete, store, uploads, (ann, ben), channel)
                assert await execute(dsn, LOST) == 0
                await execute(dsn, "DELETE FROM users WHERE username = 'ann'")
                over.set()
            await collect_until(over, store)
            assert await execute(dsn, "SELECT count(*) FROM uploads") == 0
            assert await execute(dsn, "SELECT count(*) FROM loose_uploads") == 0
            await execute(dsn, "DELETE FROM workspaces")
            await execute(dsn, "DELETE FROM users WHERE role <> 'assistant'")


async def send_and_delete(
    store: Store, uploads: Sequence[Upload], people: tuple[User, User], channel: ChannelId
) -> None:
    ann, ben = people
    for upload in uploads:
        drafts = [
            naming(upload.url, ann, ben),
            naming(upload.url, ben, ann),
            Draft(ann.id, None, "see", file_url=upload.url, channel_id=channel),
        ]
        for outcome in await store.messages.post(drafts):
            assert isinstance(outcome, Posted) or outcome is Refusal.FILE_NOT_FOUND
            if isinstance(outcome, Posted) and outcome.message.seq % 2:
                await revised(store, outcome.message.id, Delete(), by=outcome.message.author_id)


async def collect_until(over: trio.Event, store: Store) -> None:
    while True:
        looked_at = await store.uploads.collect(limit=3)
        await store.uploads.forget([url for url, is_gone in looked_at.items() if is_gone])
        if over.is_set() and not looked_at:
            return


@pytest.mark.parametrize(
    "deletion",
    [
        "DELETE FROM users WHERE username = 'ann'",
        "DELETE FROM workspaces",
        "DELETE FROM channels",
        "DELETE FROM messages",
        "UPDATE messages SET deleted_at = now()",
        "UPDATE messages SET file_url = 'https://a.example'",
    ],
)
async def test_a_file_is_collected_after_any_kind_of_deletion_of_its_last_reference(
    databases: Databases, deletion: str
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        channel = await make_channel(store, eve, ann, ben)
        upload = upload_of(ann, "a")
        assert await store.uploads.add(upload) is None
        draft = Draft(ann.id, None, "see", file_url=upload.url, channel_id=channel.id)
        await post_one(store, draft)
        await execute(dsn, deletion)
        assert await store.uploads.visible(ben.id, upload.url) is None
        assert await store.uploads.collect(limit=9) == {upload.url: True}


async def test_a_file_that_was_never_sent_is_collected_when_its_user_is_deleted(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        upload = upload_of(ann, "a")
        assert await store.uploads.add(upload) is None
        assert await store.uploads.collect(limit=9) == {}
        await execute(dsn, "DELETE FROM users WHERE username = 'ann'")
        assert await store.uploads.collect(limit=9) == {upload.url: True}


async def test_a_profile_picture_is_collected_when_its_user_is_deleted(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        upload = upload_of(ann, "a")
        assert await store.uploads.add(upload) is None
        await store.accounts.change_profile(ann.id, ProfileChange(avatar=upload.url))
        await execute(dsn, "DELETE FROM users WHERE username = 'ann'")
        assert await store.uploads.collect(limit=9) == {upload.url: True}


@pytest.mark.parametrize(
    ("limits", "full"),
    [({"quota": 50}, StorageFull.OF_OWNER), ({"total": 50}, StorageFull.OF_ALL)],
)
async def test_an_upload_waits_for_another_one_that_counts_for_the_same_quota(
    databases: Databases, limits: dict[str, int], full: StorageFull
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        quota, total = limits.get("quota", 0), limits.get("total", 0)
        first = (
            f"SELECT add_upload('/uploads/2026-01-01/a', {ann.id}, 'image/png', 'a', 30,"
            f" NULL, NULL, {quota}, {total}, 0)"
        )
        outcomes: list[object] = []

        async def add() -> None:
            owner = ann if quota else ben
            outcomes.append(await store.uploads.add(upload_of(owner, "b", 30), **limits))

        async with trio.open_nursery() as nursery, open_transaction(dsn, first, commit=True):
            nursery.start_soon(add)
            await until_one_waits(dsn, outcomes)
        assert outcomes == [full]
