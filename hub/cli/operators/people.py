"""The operator's commands about the data of people: export, deletion, retention.

Guarantees: an export is written as a whole or not at all, and never replaces another file.
Must not know: flags, where a command is carried out.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import trio

from hub.cli.failures import naming
from hub.cli.operators.admin import Show
from hub.cli.operators.desk import Desk
from hub.cli.running import NotDone
from hub.cli.terminal import aligned, counted
from hub.files.folder import sync
from hub.services.people.export import SUMMARY
from protocol.admin import (
    DeletionBody,
    HandedOverObject,
    RetentionBody,
    WorkspaceObject,
)
from protocol.model import MessageFate


async def export_user(desk: Desk, show: Show, *, username: str, to: Path) -> None:
    """Write everything of a user to a new ZIP file.

    Args:
        desk: makes the export.
        show: prints what was written.
        username: of the user.
        to: the file, or a folder for it.

    Raises:
        NotDone: the path of the file exists already.
        OSError: the file cannot be written.
    """
    user = await desk.account(username)
    is_folder = await trio.Path(to).is_dir()
    # Named by the id: a username may be a path.
    path = to / f"user-{user['id']}-{datetime.now(UTC):%Y-%m-%d}.zip" if is_folder else to
    with new_file(path) as file:

        async def put(part: bytes) -> None:
            await trio.to_thread.run_sync(file.write, part)

        produce = await desk.export(username)
        await produce(put)
        size = file.tell()
        with ZipFile(file) as whole:
            found: dict[str, Any] = json.loads(whole.read(SUMMARY))
    counts = ", ".join(
        (
            counted(found["messages"], "message"),
            counted(found["files"], "file"),
            counted(size, "byte"),
        )
    )
    written = {"user": user, "path": str(path), **found, "bytes": size}
    show(written, [f"{user['username']} is in {path}: {counts}"])


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read, and that gets its name when the context is left without
    an error; else nothing is left of it, but for a hidden `.part` file when the process is killed.

    Raises:
        NotDone: the path exists already.
        OSError: the file cannot be written.
    """
    _require_free(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with naming(path, part):
        number = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(number, "r+b") as file:  # noqa: PTH123  the mode is given when it is made
                yield file
                file.flush()
                os.fsync(number)
            _require_free(path)  # it may have been created meanwhile
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    sync(path.parent)


def _require_free(path: Path) -> None:
    if path.exists():
        raise NotDone(f"{path} is there already")


async def delete_user(desk: Desk, show: Show, *, body: DeletionBody) -> None:
    """Delete an account, and hand its workspaces over first."""
    deleted = await desk.delete(body)
    kept = deleted["messages"] == MessageFate.KEEP
    what = "the messages stay" if kept else "with all messages"
    handed = [f"{body.hand_over_to} owns {_named(each)}" for each in deleted["handed_over"]]
    show(deleted, [*handed, f"{deleted['user']['username']} is deleted, {what}"])


async def set_retention(desk: Desk, show: Show, *, body: RetentionBody) -> None:
    """Set after how many days the messages of a workspace are removed."""
    changed = await desk.set_retention(body)
    stay = f"Messages in {_named(changed)} stay {_stay(changed)}"
    is_new = "" if changed["changed"] else " already; nothing has changed"
    show(changed, [f"{stay}{is_new}"])


async def list_workspaces(desk: Desk, show: Show) -> None:
    """Print id, name, owner and number of members of each, and how long messages stay there."""
    after: int | None = 0
    while after is not None:
        page = await desk.workspaces(after=after)
        found = page["workspaces"]
        for each, line in zip(
            found, aligned([_workspace_row(each) for each in found]), strict=True
        ):
            show(each, [line])
        after = page["next"]


def _workspace_row(workspace: WorkspaceObject) -> tuple[str, ...]:
    members = counted(workspace["members"], "member")
    name, owner = workspace["name"], workspace["owner"]
    return (str(workspace["id"]), name, owner, members, _stay(workspace))


def _stay(workspace: WorkspaceObject) -> str:
    days = workspace["retention_days"]
    return f"for {days} days" if days else "as long as the hub's retention_days say"


def _named(workspace: WorkspaceObject | HandedOverObject) -> str:
    return f"the workspace {workspace['name']} ({workspace['id']})"
