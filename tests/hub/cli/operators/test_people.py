"""The operator's commands about the data of users and workspaces."""

import stat
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest
from attrs import evolve

from hub.admin.actions import StoredActions
from hub.admin.operator import Operator
from hub.cli.operators.admin import in_words
from hub.cli.operators.people import (
    delete_user,
    export_user,
    list_workspaces,
    new_file,
    set_retention,
)
from hub.cli.running import NotDone
from hub.files.collector import FileCollector
from hub.http.responses import HttpError
from hub.identity.passwords import PasswordHasher
from persistence.audit import Way
from persistence.interface import Store
from persistence.uploads import Upload
from protocol.admin import DeletionBody, RetentionBody
from protocol.errors import WireError
from tests.support.files.folders import files_in, path_of, thumbnail_of
from tests.support.stores.records import make_channel, make_users, post_one, to_channel

ROOT = Operator(Way.COMMAND, "uid 0")
QUIET = in_words(print)


def desk_of(store: Store, folder: Path) -> StoredActions:
    files = files_in(folder)
    collector = FileCollector(store.uploads, files, interval=0.0)
    return StoredActions(store, PasswordHasher(), ROOT, files, collector)


async def test_a_person_is_exported_to_a_file_or_into_a_folder(
    store: Store, tmp_path: Path
) -> None:
    said: list[str] = []
    await make_users(store, "ann")
    export = partial(export_user, desk_of(store, tmp_path), in_words(said.append), username="ANN")
    await export(to=tmp_path / "out.zip")
    size = (tmp_path / "out.zip").stat().st_size
    assert said[0] == f"ann is in {tmp_path}/out.zip: 0 messages, 0 files, {size:,} bytes"
    assert stat.S_IMODE((tmp_path / "out.zip").stat().st_mode) == 0o600
    await export(to=tmp_path)
    (path,) = tmp_path.glob("user-*-20*.zip")
    assert str(path) in said[1]
    with ZipFile(path) as file:
        assert "account.json" in file.namelist()
    with pytest.raises(NotDone, match=r"out\.zip is there already"):
        await export(to=tmp_path / "out.zip")
    with pytest.raises(FileNotFoundError):
        await export(to=tmp_path / "no" / "out.zip")


async def test_a_username_that_is_a_path_does_not_lead_out_of_the_folder(
    store: Store, tmp_path: Path
) -> None:
    (away,) = await make_users(store, "../away")
    (tmp_path / "to").mkdir()
    desk = desk_of(store, tmp_path)
    await export_user(desk, QUIET, username=away.username, to=tmp_path / "to")
    assert len(list((tmp_path / "to").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


def fail_in(path: Path) -> None:
    with new_file(path) as file:
        file.write(b"half of it")
        raise KeyboardInterrupt


def test_an_interrupted_export_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_in(tmp_path / "out.zip")
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_the_requested_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing, new_file(tmp_path / "none/a.zip"):
        pass
    assert missing.value.filename == str(tmp_path / "none/a.zip")


def be_late_for(path: Path) -> None:
    with new_file(path) as file:
        file.write(b"theirs")
        path.write_text("mine")


def test_a_file_that_was_created_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="is there already"):
        be_late_for(tmp_path / "out.zip")
    assert [each.name for each in tmp_path.iterdir()] == ["out.zip"]
    assert (tmp_path / "out.zip").read_text() == "mine"


async def test_actions_on_users_and_workspaces_are_in_the_audit(
    store: Store, tmp_path: Path
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    desk = desk_of(store, tmp_path)
    await export_user(desk, QUIET, username="ann", to=tmp_path)
    for _ in range(2):  # the second time nothing changes
        await set_retention(desk, QUIET, body=RetentionBody("school", 30))
    await delete_user(desk, QUIET, body=DeletionBody("ann", "keep", "ben"))
    rows = await store.audit.page(before=None, limit=9)
    assert [(row.entry.action, row.user_id, row.username, row.entry.details) for row in rows] == [
        (
            "user delete",
            ann.id,
            f"deleted-{ann.id}",
            {"messages": "keep", "hand_over_to": ben.id},
        ),
        ("workspace retention", None, None, {"workspace": channel.workspace_id, "days": 30}),
        ("user export", ann.id, f"deleted-{ann.id}", {}),
    ]


async def test_an_account_is_deleted_and_its_files_removed(store: Store, tmp_path: Path) -> None:
    said: list[str] = []
    (ann, _) = await make_users(store, "ann", "ben")
    desk, show = desk_of(store, tmp_path), in_words(said.append)
    url = await desk.files.keep("cat.txt", b"meow", b"thumb")
    await store.uploads.add(Upload(url, ann.id, "text/plain", "cat.txt", 4))
    others = evolve(desk, collector=None)
    await delete_user(others, show, body=DeletionBody("ann", "keep"))
    assert path_of(tmp_path, url).exists()
    await delete_user(desk, show, body=DeletionBody("ben", "remove"))
    assert said == ["ann is deleted, the messages stay", "ben is deleted, with all messages"]
    assert not path_of(tmp_path, url).exists()
    assert not thumbnail_of(tmp_path, url).exists()


async def test_the_workspaces_of_a_deleted_user_may_be_handed_over(
    store: Store, tmp_path: Path
) -> None:
    said: list[str] = []
    ann, ben, _ = await make_users(store, "ann", "ben", "cleo")
    channel = await make_channel(store, ann, ben)
    await post_one(store, to_channel(ann, channel, "hello"))
    delete = partial(delete_user, desk_of(store, tmp_path), in_words(said.append))
    owned = rf"ann owns the workspace school \({channel.workspace_id}\)"
    with pytest.raises(HttpError, match=owned) as refused:
        await delete(body=DeletionBody("ann", "keep"))
    assert (refused.value.status, refused.value.code) == (409, "owns_workspace")
    with pytest.raises(WireError, match="cannot own workspaces"):
        await delete(body=DeletionBody("ann", "keep", "ann"))
    with pytest.raises(HttpError, match="cleo is not one of them"):
        await delete(body=DeletionBody("ann", "keep", "cleo"))
    assert said == []
    assert await store.audit.page(before=None, limit=9) == []
    await delete(body=DeletionBody("ann", "keep", "ben"))
    assert said[0] == f"ben owns the workspace school ({channel.workspace_id})"
    (workspace,) = await store.workspaces.of_user(ben.id)
    assert workspace.owner_id == ben.id


async def test_workspaces_are_listed_and_get_their_retention_by_name_or_id(
    store: Store, tmp_path: Path
) -> None:
    said: list[str] = []
    ann, ben = await make_users(store, "ann", "ben")
    school = (await make_channel(store, ann, ben)).workspace_id
    desk, show = desk_of(store, tmp_path), in_words(said.append)
    await set_retention(desk, show, body=RetentionBody("school", 30))
    await set_retention(desk, show, body=RetentionBody("school", 30))
    again = await store.workspaces.create(ben.id, "school", None)
    await list_workspaces(desk, show)
    await set_retention(desk, show, body=RetentionBody(f"{school}", 0))
    several = f"Several workspaces are called school; say which one: {school}, {again.id}"
    with pytest.raises(WireError, match=several):
        await set_retention(desk, show, body=RetentionBody("school", 30))
    start = f"Messages in the workspace school ({school}) stay"
    usual = "as long as the hub's retention_days say"
    assert said == [
        f"{start} for 30 days",
        f"{start} for 30 days already; nothing has changed",
        f"{school}  school  ann  2 members  for 30 days",
        f"{again.id}  school  ben  1 member   {usual}",
        f"{start} {usual}",
    ]


async def test_an_action_that_cannot_be_done_is_refused_with_its_reason(
    store: Store, tmp_path: Path
) -> None:
    (ann,) = await make_users(store, "ann")
    await store.workspaces.create(ann.id, "school", None)
    desk = desk_of(store, tmp_path)
    delete, retain = partial(delete_user, desk, QUIET), partial(set_retention, desk, QUIET)
    refused: dict[str, list[Callable[[], Awaitable[None]]]] = {
        "There is no user ben": [
            lambda: export_user(desk, QUIET, username="ben", to=tmp_path),
            lambda: delete(body=DeletionBody("ben", "keep")),
            lambda: delete(body=DeletionBody("ann", "keep", "ben")),
        ],
        "messages must be keep or remove": [lambda: delete(body=DeletionBody("ann", "burn"))],
        "for 0 to 36500 days, not for -1": [lambda: retain(body=RetentionBody("school", -1))],
        "not for 36501": [lambda: retain(body=RetentionBody("school", 36_501))],
        "There is no workspace home": [lambda: retain(body=RetentionBody("home", 1))],
        "There is no workspace 987654": [lambda: retain(body=RetentionBody("987654", 1))],
        "There is no workspace 0": [lambda: retain(body=RetentionBody("0", 1))],
    }
    for why, commands in refused.items():
        for command in commands:
            with pytest.raises((HttpError, WireError), match=why):
                await command()
    assert await store.accounts.find("ann") == ann
    assert await store.audit.page(before=None, limit=9) == []
