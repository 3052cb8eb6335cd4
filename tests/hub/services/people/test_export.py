"""Everything of one user in a file, and nothing of others that the user does not see."""

import io
import json
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import pytest
import trio

from hub.services.people.export import PAGE, SUMMARY, export_person
from persistence.interface import Store
from persistence.records import Draft, Identity, NewUser, ProfileChange
from persistence.uploads import Upload
from protocol.model import MessageKind, User
from tests.support.files.folders import files_in
from tests.support.stores.records import (
    granted,
    make_channel,
    make_user,
    make_users,
    post,
    post_one,
    say,
    to_channel,
)

SECRET: Final = "argon2-hash-of-ann"


async def exported(store: Store, user: User, folder: Path) -> dict[str, Any]:
    """The members of an export, read."""
    whole = io.BytesIO()

    async def put(part: bytes) -> None:
        await trio.lowlevel.checkpoint()
        whole.write(part)

    await export_person(store, files_in(folder), user, put)
    with ZipFile(whole) as file:
        assert file.testzip() is None
        assert file.namelist()[-1] == SUMMARY
        return {name: read(name, file.read(name)) for name in file.namelist()}


def read(name: str, content: bytes) -> Any:
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in content.splitlines()]
    return json.loads(content) if name.endswith(".json") else content


async def make_ann(store: Store) -> User:
    identity = Identity("https://id.example", "ann-17")
    return await store.accounts.create(
        NewUser("Ann Lee", SECRET, "ann", "ann@example.org", about_me="tea", identity=identity)
    )


async def test_an_export_contains_everything_of_a_user(store: Store, tmp_path: Path) -> None:
    ann = await make_ann(store)
    ben, eve, tom = await make_users(store, "ben", "eve", "tom")
    soon = timedelta(days=1)
    await store.sessions.open(ann.id, b"token-hash-of-ann".ljust(32), soon)
    await store.relations.request_follow(ann.id, ben.id)
    await store.relations.block(ann.id, tom.id)
    channel = await make_channel(store, ben, ann)
    tea = await store.workspaces.create(ben.id, "tea", None)
    granted(await store.invitations.invite(tea.id, ann.id, by=ben.id))
    folder = files_in(tmp_path)
    url = await folder.keep("cat.txt", b"meow")
    await store.uploads.add(Upload(url, ann.id, "text/plain", "cat.txt", 4))
    first = await post_one(store, Draft(ann.id, ben.id, "to ben", "ann's key"))
    reply = Draft(ben.id, ann.id, "to ann", parent_id=first.id)
    await post_one(store, reply)
    await say(store, ann, channel, "@AI why?")
    theirs = (await say(store, ben, channel, "ben's own"))[0]
    await store.messages.mark_read_up_to(ann.id, theirs.id)
    await post_one(store, Draft(ann.id, eve.id, "see", None, MessageKind.FILE, url))
    found = await exported(store, ann, tmp_path)
    account = found["account.json"]
    assert (account["format"], account["version"]) == ("parlour-export", 1)
    assert account["account"]["email"] == "ann@example.org"
    assert account["account"]["about_me"] == "tea"
    assert account["signs_in_with"] == [{"issuer": "https://id.example", "subject": "ann-17"}]
    assert [set(each) for each in account["sessions"]] == [{"created_at", "used_at", "expires_at"}]
    assert [each["username"] for each in account["blocks"]] == ["tom"]
    assert [(each["workspace"], each["by"]["username"]) for each in account["invitations"]] == [
        ("tea", "ben")
    ]
    assert [
        (each["list"], each["user"]["username"], each["status"]) for each in found["follows.jsonl"]
    ] == [("following", "ben", "accepted")]
    (workspace,) = found["workspaces.jsonl"]
    assert (workspace["name"], workspace["is_owner"]) == ("school", False)
    assert [(each["name"], each["read_seq"]) for each in workspace["channels"]] == [("general", 2)]
    assert [each["with"]["username"] for each in found["conversations.jsonl"]] == ["ben", "eve"]
    said = [(m["author"]["username"], m["content"]) for m in found["conversation_messages.jsonl"]]
    assert said == [("ann", "to ben"), ("ben", "to ann"), ("ann", "see")]
    answered = found["conversation_messages.jsonl"][1]
    assert (answered["reply_to"], answered["thread"]) == (first.id, first.id)
    (own,) = found["own_messages.jsonl"]
    assert (own["content"], own["asks_assistant"]) == ("@AI why?", True)
    (file,) = found["files.jsonl"]
    assert file["name"] == "cat.txt"
    assert found[file["file"]] == b"meow"
    everything = json.dumps({k: v for k, v in found.items() if isinstance(v, (list, dict))})
    for hidden in (SECRET, "token-hash", "ben's own", "ann's key"):
        assert hidden not in everything


async def test_an_export_contains_all_messages_of_the_user_wherever_they_are(
    store: Store, tmp_path: Path
) -> None:
    """In a workspace that the user left, and across a block; not the messages of others there."""
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ben, ann)
    await say(store, ann, channel, "before I left")
    assert channel.workspace_id is not None
    granted(await store.workspaces.remove_member(channel.workspace_id, ann.id, by=ben.id))
    await post_one(store, Draft(ann.id, ben.id, "to ben"))
    await post_one(store, Draft(ben.id, ann.id, "from ben"))
    await store.relations.block(ben.id, ann.id)
    found = await exported(store, ann, tmp_path)
    assert found["conversation_messages.jsonl"] == []
    assert [each["content"] for each in found["own_messages.jsonl"]] == ["before I left", "to ben"]


async def test_an_export_contains_messages_that_the_user_has_hidden(
    store: Store, tmp_path: Path
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    hidden = await post_one(store, Draft(ben.id, ann.id, "hidden"))
    await post_one(store, Draft(ben.id, ann.id, "shown"))
    assert await store.notes.hide(ann.id, hidden.id, is_hidden=True)
    members = await exported(store, ann, tmp_path)
    contents = [each["content"] for each in members["conversation_messages.jsonl"]]
    assert contents == ["hidden", "shown"]


async def test_an_export_has_every_message_once_across_pages(store: Store, tmp_path: Path) -> None:
    """Every message once and in order, in conversations of one page and of several."""
    (ann,) = await make_users(store, "ann")
    counts = (3, 2 * PAGE, PAGE + 1, 1, PAGE - 1)
    for number, count in enumerate(counts):
        peer = await make_user(store, f"peer{number}")
        await post(store, *(Draft(peer.id, ann.id, f"{number}.{n}") for n in range(count)))
    eve = await make_user(store, "eve")
    channel = await make_channel(store, ann, eve)
    await post(store, *(to_channel(ann, channel, f"own.{n}") for n in range(PAGE + 1)))
    found = await exported(store, ann, tmp_path)
    assert [each["content"] for each in found["conversation_messages.jsonl"]] == [
        f"{number}.{n}" for number, count in enumerate(counts) for n in range(count)
    ]
    assert [each["content"] for each in found["own_messages.jsonl"]] == [
        f"own.{n}" for n in range(PAGE + 1)
    ]


async def test_an_export_leaves_out_a_file_that_is_gone_or_elsewhere(
    memory_store: Store, tmp_path: Path
) -> None:
    (ann,) = await make_users(memory_store, "ann")
    for url in ("/uploads/2026-01-01/gone.txt", "/uploads/../secret"):
        await memory_store.uploads.add(Upload(url, ann.id, "text/plain", "a.txt", 4))
    found = await exported(memory_store, ann, tmp_path)
    assert [each["name"] for each in found["files.jsonl"]] == ["a.txt", "a.txt"]
    assert {name for name in found if name.startswith("uploads")} == set()


async def test_an_export_is_passed_on_in_parts_while_it_is_made(
    memory_store: Store, tmp_path: Path
) -> None:
    (ann,) = await make_users(memory_store, "ann")
    folder, size = files_in(tmp_path), 3_000_000
    url = await folder.keep("cat.txt", b"m" * size)
    await memory_store.uploads.add(Upload(url, ann.id, "text/plain", "cat.txt", size))
    parts: list[int] = []

    async def put(part: bytes) -> None:
        await trio.lowlevel.checkpoint()
        parts.append(len(part))

    await export_person(memory_store, folder, ann, put)
    assert sum(parts) > size
    assert max(parts) < size / 5


async def forget(part: bytes) -> None:
    assert len(part) < 2_000_000
    await trio.lowlevel.checkpoint()


@pytest.mark.timeout(120)
async def test_an_export_takes_no_more_memory_for_more_messages(
    databases: object, tmp_path: Path, store: Store
) -> None:
    (ann,) = await make_users(store, "ann")
    ben = await make_user(store, "ben")
    await store.accounts.change_profile(ann.id, ProfileChange(nickname="a"))
    peaks = []
    for round_ in range(2):
        for _ in range(1 if round_ == 0 else 3):
            await post(store, *(Draft(ann.id, ben.id, "x" * 1_000) for _ in range(2 * PAGE)))
        tracemalloc.start()
        await export_person(store, files_in(tmp_path), ann, forget)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
