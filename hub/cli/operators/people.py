"""The operator's commands about what is known of people: export, deletion, retention.

They work on a store that is open. Must not know: flags, how a store is opened.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import trio

from hub.admin.operator import Operator
from hub.cli.failures import naming
from hub.cli.operators.desk import find_user
from hub.cli.running import NotDone, Say
from hub.cli.terminal import counted
from hub.files.collector import FileCollector
from hub.files.folder import UploadFolder
from hub.services.people.deletion import OwnsWorkspaces, delete_account
from hub.services.people.export import export_person
from persistence.interface import Store
from persistence.records import NoSuchUser
from protocol.model import MAX_ID, MessageFate, Workspace, WorkspaceId

MAX_RETENTION_DAYS: Final = 36_500


async def export_user(
    store: Store, operator: Operator, folder: UploadFolder, username: str, to: Path, say: Say
) -> None:
    """Write everything of a user to a new ZIP file.

    Args:
        store: knows it.
        operator: who asks for it, for the audit.
        folder: has the user's files.
        username: whose.
        to: the file, or a folder for it.
        say: says what was written.

    Raises:
        NotDone: there is no such user, or something in the place of the file.
        OSError: it cannot be written.
    """
    user = await find_user(store, username)
    is_folder = await trio.Path(to).is_dir()
    # Called by the id: a username may be a path.
    path = to / f"user-{user.id}-{datetime.now(UTC):%Y-%m-%d}.zip" if is_folder else to
    await store.audit.note(operator.does("user export"), user)
    try:
        with naming(path):
            done = await export_person(store, folder, user, path)
    except FileExistsError as error:
        raise NotDone(str(error)) from None
    say(
        f"{user.username} is in {done.path}: {counted(done.messages, 'message')},"
        f" {counted(done.files, 'file')}, {counted(done.bytes, 'byte')}"
    )


async def delete_user(
    store: Store,
    operator: Operator,
    username: str,
    fate: MessageFate,
    heir: str | None,
    say: Say,
) -> None:
    """Delete an account, and hand its workspaces over to `heir` first; `operator`: who does it.

    Raises:
        NotDone: there is no such user, or others are members of a workspace that would be nobody's.
    """
    user = await find_user(store, username)
    if heir is not None:
        new_owner = await find_user(store, heir)
        if new_owner.id == user.id:
            raise NotDone(f"{user.username} is to be deleted, and cannot own workspaces")
        for workspace in await store.workspaces.hand_over(user.id, new_owner.id):
            say(f"{new_owner.username} owns {_named(workspace)}")
    await store.audit.note(operator.does("user delete", messages=fate.value), user)
    try:
        await delete_account(store, user.id, fate)
    except OwnsWorkspaces as error:
        names = ", ".join(map(_named, error.workspaces))
        how = "--hand-over-to MEMBER makes one of them the owner"
        if heir is not None:
            how = f"{heir} is not one of them"
        raise NotDone(f"{user.username} owns {names}, with others in it; {how}") from None
    except NoSuchUser:
        raise NotDone(f"There is no user {username}") from None
    what = "the messages stay" if fate is MessageFate.KEEP else "with all messages"
    say(f"{user.username} is deleted, {what}")


async def remove_files(store: Store, folder: UploadFolder) -> None:
    """Remove the files that nothing names any more, as a hub does that runs."""
    collector = FileCollector(store.uploads, folder, interval=0.0)
    while await collector.collect():
        await trio.lowlevel.checkpoint()


async def set_retention(store: Store, operator: Operator, name: str, days: int, say: Say) -> None:
    """Say after how many days the messages of a workspace are removed; 0: as the hub's setting.

    Args:
        store: has it.
        operator: who says so, for the audit.
        name: of the workspace, or its id.
        days: 0 to `MAX_RETENTION_DAYS`.
        say: says what was done.

    Raises:
        NotDone: there is none, or several of that name, or no such time.
    """
    if not 0 <= days <= MAX_RETENTION_DAYS:
        raise NotDone(f"Messages stay for 0 to {MAX_RETENTION_DAYS} days, not for {days}")
    workspace = await _find_workspace(store, name)
    entry = operator.does("workspace retention", workspace=workspace.id, days=days)
    await store.audit.note(entry)
    if not await store.workspaces.set_retention(workspace.id, days):
        raise NotDone(f"There is no workspace {name}")
    stay = f"for {days} days" if days else "as long as the hub's retention_days say"
    say(f"Messages in {_named(workspace)} stay {stay}")


async def _find_workspace(store: Store, name: str) -> Workspace:
    found = list(await store.workspaces.named(name))
    if not found and name.isascii() and name.isdecimal() and int(name) <= MAX_ID:
        by_id = await store.workspaces.get(WorkspaceId(int(name)))
        found = [] if by_id is None else [by_id]
    if not found:
        raise NotDone(f"There is no workspace {name}")
    if len(found) > 1:
        ids = ", ".join(str(each.id) for each in found)
        raise NotDone(f"Several workspaces are called {name}; say which one: {ids}")
    return found[0]


def _named(workspace: Workspace) -> str:
    return f"the workspace {workspace.name} ({workspace.id})"
