"""The operator's commands about what is known of people."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from hub.admin.operator import Operator
from hub.cli.operators.people import delete_user, export_user, remove_files, set_retention
from hub.cli.running import NotDone
from hub.files.folder import UploadFolder
from persistence.audit import Way
from persistence.interface import Store
from persistence.records import Upload
from protocol.model import MessageFate
from tests.support.stores.records import make_channel, make_users, post_one, to_channel

ROOT = Operator(Way.COMMAND, "uid 0")


async def test_a_person_is_exported_to_a_file_or_into_a_folder(
    store: Store, tmp_path: Path
) -> None:
    said: list[str] = []
    await make_users(store, "ann")
    folder = UploadFolder(tmp_path)
    await export_user(store, ROOT, folder, "ANN", tmp_path / "out.zip", said.append)
    assert said[0].startswith(f"ann is in {tmp_path}/out.zip: 0 messages, 0 files, ")
    await export_user(store, ROOT, folder, "ann", tmp_path, said.append)
    (path,) = tmp_path.glob("user-*-20*.zip")
    assert str(path) in said[1]
    with ZipFile(path) as file:
        assert "account.json" in file.namelist()
    with pytest.raises(NotDone, match=r"out\.zip is there already"):
        await export_user(store, ROOT, folder, "ann", tmp_path / "out.zip", said.append)
    with pytest.raises(FileNotFoundError):
        await export_user(store, ROOT, folder, "ann", tmp_path / "no" / "out.zip", said.append)


async def test_a_name_that_is_a_path_leads_nowhere(store: Store, tmp_path: Path) -> None:
    (away,) = await make_users(store, "../away")
    (tmp_path / "to").mkdir()
    folder = UploadFolder(tmp_path)
    await export_user(store, ROOT, folder, away.username, tmp_path / "to", print)
    assert len(list((tmp_path / "to").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


async def test_what_is_done_to_people_is_in_the_audit(store: Store, tmp_path: Path) -> None:
    (ann,) = await make_users(store, "ann")
    workspace = await store.workspaces.create(ann.id, "school", None)
    await export_user(store, ROOT, UploadFolder(tmp_path), "ann", tmp_path, print)
    await set_retention(store, ROOT, "school", 30, print)
    await delete_user(store, ROOT, "ann", MessageFate.KEEP, None, print)
    rows = await store.audit.page(before=None, limit=9)
    assert [(row.entry.action, row.user_id, row.username, row.entry.details) for row in rows] == [
        ("user delete", ann.id, f"deleted-{ann.id}", {"messages": "keep"}),
        ("workspace retention", None, None, {"workspace": workspace.id, "days": 30}),
        ("user export", ann.id, f"deleted-{ann.id}", {}),
    ]


async def test_an_account_is_deleted_and_its_files_removed(store: Store, tmp_path: Path) -> None:
    said: list[str] = []
    (ann, _) = await make_users(store, "ann", "ben")
    folder = UploadFolder(tmp_path)
    url = folder.write("cat.txt", b"meow", b"thumb")
    await store.uploads.add(Upload(url, ann.id, "text/plain", "cat.txt", 4))
    await delete_user(store, ROOT, "ann", MessageFate.KEEP, None, said.append)
    await delete_user(store, ROOT, "ben", MessageFate.REMOVE, None, said.append)
    assert said == ["ann is deleted, the messages stay", "ben is deleted, with all messages"]
    assert folder.path_of(url).exists()
    await remove_files(store, folder)
    assert not folder.path_of(url).exists()
    assert not folder.thumbnail_of(url).exists()


async def test_the_workspaces_of_who_is_deleted_may_be_handed_over(store: Store) -> None:
    said: list[str] = []
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    await post_one(store, to_channel(ann, channel, "hello"))
    owned = rf"ann owns the workspace school \({channel.workspace_id}\)"
    with pytest.raises(NotDone, match=owned):
        await delete_user(store, ROOT, "ann", MessageFate.KEEP, None, said.append)
    with pytest.raises(NotDone, match="cannot own workspaces"):
        await delete_user(store, ROOT, "ann", MessageFate.KEEP, "ann", said.append)
    await make_users(store, "cleo")
    with pytest.raises(NotDone, match="cleo is not one of them"):
        await delete_user(store, ROOT, "ann", MessageFate.KEEP, "cleo", said.append)
    assert said == []
    await delete_user(store, ROOT, "ann", MessageFate.KEEP, "ben", said.append)
    assert said[0] == f"ben owns the workspace school ({channel.workspace_id})"
    (workspace,) = await store.workspaces.of_user(ben.id)
    assert workspace.owner_id == ben.id


async def test_a_workspace_gets_its_retention_by_name_or_id(store: Store) -> None:
    said: list[str] = []
    (ann,) = await make_users(store, "ann")
    school = await store.workspaces.create(ann.id, "school", None)
    await set_retention(store, ROOT, "school", 30, said.append)
    again = await store.workspaces.create(ann.id, "school", None)
    await set_retention(store, ROOT, f"{school.id}", 0, said.append)
    several = f"Several workspaces are called school; say which one: {school.id}, {again.id}"
    with pytest.raises(NotDone, match=several):
        await set_retention(store, ROOT, "school", 30, said.append)
    start = f"Messages in the workspace school ({school.id}) stay"
    assert said == [f"{start} for 30 days", f"{start} as long as the hub's retention_days say"]


async def test_what_cannot_be_done_is_said(store: Store, tmp_path: Path) -> None:
    (ann,) = await make_users(store, "ann")
    await store.workspaces.create(ann.id, "school", None)
    folder, none = UploadFolder(tmp_path), "There is no user ben"
    refused: dict[str, list[Callable[[], Awaitable[None]]]] = {
        none: [
            lambda: export_user(store, ROOT, folder, "ben", tmp_path, print),
            lambda: delete_user(store, ROOT, "ben", MessageFate.KEEP, None, print),
            lambda: delete_user(store, ROOT, "ann", MessageFate.KEEP, "ben", print),
        ],
        "for 0 to 36500 days, not for -1": [
            lambda: set_retention(store, ROOT, "school", -1, print)
        ],
        "not for 36501": [lambda: set_retention(store, ROOT, "school", 36_501, print)],
        "There is no workspace home": [lambda: set_retention(store, ROOT, "home", 1, print)],
        "There is no workspace 987654": [lambda: set_retention(store, ROOT, "987654", 1, print)],
    }
    for why, commands in refused.items():
        for command in commands:
            with pytest.raises(NotDone, match=why):
                await command()
    assert await store.accounts.find("ann") == ann
