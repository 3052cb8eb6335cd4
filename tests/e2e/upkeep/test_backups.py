"""Backups as an operator makes them: beside a hub that runs, interrupted, and restored."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.support.clients.http import form, request
from tests.support.programs.hub_process import (
    PARLOUR,
    HubProcess,
    environment,
    open_folder,
    parlour,
    run_hub,
)
from tests.support.programs.processes import until_none_works_in
from tests.support.stores.databases import Databases, open_transaction

GREETING = {"content": "hi"}


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def refusal(*arguments: str | Path) -> str:
    """The one line that a command ends with."""
    done = parlour(*arguments)
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line.removeprefix("Error: ")


def written(out: Path, *arguments: str | Path) -> str:
    """Run a command with a file as its standard output; returns its standard error."""
    with out.open("wb") as file:
        done = subprocess.run(
            [*PARLOUR, *map(str, arguments)],
            stdout=file, stderr=subprocess.PIPE, text=True, check=True, env=environment(),
        )  # fmt: skip
    return done.stderr


async def upload(hub: HubProcess, cookie: str, content: bytes) -> str:
    body, headers = form(content, "a.txt")
    async with await hub.connect() as stream:
        reply = await request(stream, "POST", "/api/upload", body, {**headers, "Cookie": cookie})
    assert reply.status == 200, reply.text
    return str(reply.json["url"])


async def test_a_backup_of_a_running_hub_is_restored_elsewhere(folder: Path) -> None:
    data, other = ("--data-dir", folder / "data"), ("--data-dir", folder / "other")
    archive = folder / "backup.tar"
    with run_hub(folder / "data") as hub:
        (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
        said = await hub.call("POST", f"/api/messages/{ben}", GREETING, anns)
        url = await upload(hub, anns, b"a file")
        made = parlour("backup", archive, *data)
        assert made.returncode == 0, made.stderr
        assert made.stdout.startswith("Backed up 1 message and 1 file (0.2 MB) in ")
        assert written(folder / "piped.tar", "backup", "-", *data).startswith("Backed up 1 ")
        later = await hub.call("POST", f"/api/messages/{ben}", GREETING, anns)
        assert later.json["seq"] == 2
        assert f"in use by another hub or command (pid {hub.process.pid})" in refusal(
            "restore", archive, *data
        )
        looked = parlour("doctor", *data, "--max-connections", "100")
        assert f"(pid {hub.process.pid})" in looked.stdout
        assert "ok       files        1 file, none missing" in looked.stdout
        epoch = said.headers["parlour-epoch"]
        assert later.headers["parlour-epoch"] == epoch, "nothing was changed"

    until_none_works_in(folder / "data")
    assert "There are files in" in refusal("restore", archive, *data)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert "no backup of Parlour, or damaged" in refusal("restore", archive, *other)
    assert not (folder / "other").exists()

    back = parlour("restore", folder / "piped.tar", *other)
    assert back.returncode == 0, back.stderr
    assert back.stdout.startswith("Restored 1 message and 1 file of 20")
    assert "already" in refusal("restore", folder / "piped.tar", *other)
    with run_hub(folder / "other") as hub:
        log = await hub.call("GET", f"/api/messages/{ben}?after_seq=0", cookie=anns)
        assert [message["seq"] for message in log.json] == [1]
        assert log.headers["parlour-epoch"] != epoch
        file = await hub.call("GET", url, cookie=anns)
        assert file.body == b"a file"
        async with hub.open(anns) as socket:
            await socket.send({"type": "resume", "after": {str(ben): 2}, "epoch": epoch})
            assert (await socket.receive_type("private_message"))["message"]["seq"] == 1
            assert (await socket.receive_type("resumed"))["reset"] is True


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_an_interrupted_backup_leaves_no_file_of_its_name(
    databases: Databases, folder: Path, end: signal.Signals
) -> None:
    archive, part = folder / "backup.tar", folder / ".backup.tar.part"
    async with databases.migrated() as dsn:
        command = ["backup", str(archive), "--data-dir", str(folder), "--database-url", dsn]
        async with open_transaction(dsn, "LOCK TABLE messages"):  # the backup waits for the table
            process = await trio.lowlevel.open_process(
                [*PARLOUR, *command], stderr=subprocess.DEVNULL, env=environment()
            )
            try:
                while not part.exists():
                    await trio.lowlevel.checkpoint()
                process.send_signal(end)
                code = await process.wait()
            finally:
                process.kill()
        assert code == (-end if end is signal.SIGKILL else 130)
        left = {each.name for each in folder.iterdir()}
        assert left == ({part.name} if end is signal.SIGKILL else set())
        done = parlour(*command)
        assert done.returncode == 0, done.stderr
        assert {each.name for each in folder.iterdir()} == {archive.name}


def test_a_backup_without_a_database_or_a_folder_is_refused(folder: Path) -> None:
    (folder / "data").mkdir()
    assert "There is no database of Parlour in" in refusal(
        "backup", folder / "a.tar", "--data-dir", folder / "data"
    )
    assert f"there is no folder {folder / 'none'}" in refusal("backup", folder / "none" / "a.tar")
    assert [each.name for each in folder.iterdir()] == ["data"]
