"""What the data folder still has of a deleted user, and what a user's export has."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
import trio

from persistence.embedded import hold_folder, run_embedded
from persistence.embedded.account import choose_account
from persistence.embedded.places import find_binaries
from tests.support.clients.http import form, request
from tests.support.forks.client import Forked
from tests.support.machine.disks import small_disk
from tests.support.programs import hub_process
from tests.support.programs.hub_process import (
    HubProcess,
    environment,
    open_folder,
    run_hub,
)
from tests.support.programs.processes import until_none_works_in
from tests.support.stores.databases import Databases

PG_DUMP: Final = find_binaries(choose_account()) / "pg_dump"
WRITTEN: Final = ("xylophone to ben", "theremin to ann")
NAMES: Final = ("zanzibar", "quokka", "platypus", "axolotl")
CLUSTER: Final = "postgres"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


async def live(hub: HubProcess) -> tuple[str, int]:
    """Two users write, and one of them leaves data of every kind; returns that user's cookie, and
    the id of the other one.
    """
    (ann, anns), (ben, bens) = await hub.sign_up("zanzibar"), await hub.sign_up("ben")
    profile = {"nickname": "quokka", "about_me": "a quokka is what I am"}
    changed = await hub.call("PUT", "/api/users/me/profile", profile, anns)
    assert changed.status == 200, changed.text
    for cookie, to, text in ((anns, ben, WRITTEN[0]), (bens, ann, WRITTEN[1])):
        sent = await hub.call("POST", f"/api/messages/{to}", {"content": text}, cookie)
        assert sent.status == 201, sent.text
    async with await hub.connect() as stream:
        body, fields = form(b"axolotl" * 9_000, "platypus.txt")
        stored = await request(stream, "POST", "/api/upload", body, {"Cookie": anns, **fields})
    assert stored.status == 200, stored.text
    carried = {"content": "see platypus", "message_type": "file", "file_url": stored.json["url"]}
    assert (await hub.call("POST", f"/api/messages/{ben}", carried, anns)).status == 201
    assert (await hub.call("POST", f"/api/users/{ben}/follow", None, anns)).status < 300
    return anns, ben


def stop(hub: HubProcess) -> None:
    hub.process.send_signal(signal.SIGTERM)
    assert hub.process.wait(20) == 0
    until_none_works_in(hub.data_dir)


def parlour(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command without a hub."""
    done = beside(data_dir, *arguments)
    until_none_works_in(data_dir)
    return done


def beside(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return hub_process.parlour(*arguments, "--data-dir", data_dir)


async def dump(data_dir: Path) -> str:
    """The whole database as text."""
    async with run_embedded(data_dir) as dsn:
        command = [str(PG_DUMP), "--inserts", "--dbname", dsn]
        done = await trio.run_process(command, capture_stdout=True)
        return done.stdout.decode()


def kept_files(data_dir: Path) -> str:
    """The names and contents of all files except those of Postgres."""
    found = [
        each
        for each in data_dir.rglob("*")
        if each.is_file() and (data_dir / CLUSTER) not in each.parents
    ]
    return "\n".join(f"{each} {each.read_bytes()!r}" for each in found)


@pytest.mark.parametrize("fate", ["keep", "remove"])
async def test_nothing_is_left_of_a_deleted_user(data_dir: Path, fate: str) -> None:
    with run_hub(data_dir) as hub:
        cookie, _ = await live(hub)
        token = cookie.partition("=")[2]
        stop(hub)
    before, files = await dump(data_dir), kept_files(data_dir)
    assert all(text in before for text in (*NAMES[:3], *WRITTEN))
    assert "platypus" in files
    assert "axolotl" in files
    done = parlour(data_dir, "user", "delete", "zanzibar", "--messages", fate, "--yes")
    assert done.returncode == 0, done
    assert done.stdout.startswith("zanzibar is deleted, ")
    after, files = await dump(data_dir), kept_files(data_dir)
    assert "ben@example.org" in after
    for text in (*NAMES, token):
        assert text not in after
        assert text not in files
    for text in WRITTEN:
        assert (text in after) == (fate == "keep")


async def test_an_export_has_all_data_of_its_user(data_dir: Path, tmp_path: Path) -> None:
    with run_hub(data_dir) as hub:
        await live(hub)
        stop(hub)
    done = parlour(data_dir, "user", "export", "zanzibar", "--to", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, ""), done
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"zanzibar is in {path}: 3 messages, 1 file," in done.stdout
    with ZipFile(path) as found:
        lines = found.read("conversation_messages.jsonl").splitlines()
        assert [json.loads(line)["content"] for line in lines] == [*WRITTEN, "see platypus"]
        (name,) = (each for each in found.namelist() if each.endswith("platypus.txt"))
        assert found.read(name) == b"axolotl" * 9_000
    again = parlour(data_dir, "user", "export", "zanzibar", "--to", str(path))
    assert (again.returncode, again.stderr) == (1, f"Error: {path} is there already\n")
    with small_disk(tmp_path, 32_768) as disk:
        full = parlour(data_dir, "user", "export", "zanzibar", "--to", str(disk / "out.zip"))
        assert full.returncode == 1
        assert full.stderr == f"Error: {disk / 'out.zip'}: the disk is full\n"
        assert full.stderr.count("\n") == 1
        assert list(disk.iterdir()) == []


async def test_users_are_exported_and_deleted_beside_a_hub(data_dir: Path, tmp_path: Path) -> None:
    with run_hub(data_dir) as hub:
        cookie, _ = await live(hub)
        async with await hub.connect() as stream:  # larger than what is sent at once
            body, fields = form(b"axolotl" * 400_000, "large.txt")
            sent = {"Cookie": cookie, **fields}
            stored = await request(stream, "POST", "/api/upload", body, sent)
            assert stored.status == 200, stored.text
        done = beside(data_dir, "user", "export", "zanzibar", "--to", str(tmp_path))
        assert (done.returncode, done.stderr) == (0, ""), done
        (path,) = tmp_path.iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        assert f"zanzibar is in {path}: 3 messages, 2 files," in done.stdout
        with ZipFile(path) as found:
            assert found.testzip() is None
        again = beside(data_dir, "user", "export", "zanzibar", "--to", str(path))
        assert (again.returncode, again.stderr) == (1, f"Error: {path} is there already\n")
        assert beside(data_dir, "workspace", "list").returncode == 0
        none = beside(data_dir, "workspace", "retention", "school", "9")
        assert none.stderr == "Error: There is no workspace school (workspace_not_found)\n"
        words = ("user", "delete", "zanzibar", "--messages", "keep")
        assert "There is no terminal to ask on: give --yes" in beside(data_dir, *words).stderr
        done = beside(data_dir, *words, "--yes")
        assert (done.stdout, done.stderr) == ("zanzibar is deleted, the messages stay\n", "")
        assert (await hub.call("GET", "/api/users/me", None, cookie)).status == 401
        assert "platypus" not in kept_files(data_dir)  # at once
        lines = beside(data_dir, "admin", "audit", "--json", "--limit", "2").stdout.splitlines()
        told = [(each["action"], each["way"]) for each in map(json.loads, lines)]
        assert told == [("user delete", "socket"), ("user export", "socket")]


async def test_an_interrupted_export_leaves_no_file(data_dir: Path, tmp_path: Path) -> None:
    """The hub is killed while it makes the export."""
    with run_hub(data_dir) as hub:
        cookie, _ = await live(hub)
        body, fields = form(b"axolotl" * 1_200_000, "large.txt")
        for _ in range(4):
            async with await hub.connect() as stream:
                sent = {"Cookie": cookie, **fields}
                assert (await request(stream, "POST", "/api/upload", body, sent)).status == 200
        words = ("user", "export", "zanzibar", "--to", str(tmp_path), "--data-dir", str(data_dir))
        with Forked(words, Path("/"), environment()) as process:
            while not any(each.stat().st_size for each in tmp_path.iterdir()):
                await trio.lowlevel.checkpoint()
            hub.process.kill()
            assert process.wait(20) == 1
            assert process.stderr is not None
            assert "broke off" in process.stderr.read()
        assert list(tmp_path.iterdir()) == []


async def test_the_second_of_two_commands_waits_for_the_first(data_dir: Path) -> None:
    assert parlour(data_dir, "migrate").returncode == 0
    words = ("workspace", "list", "--data-dir", str(data_dir))
    with ExitStack() as first:
        first.enter_context(hold_folder(data_dir))
        with Forked(words, Path("/"), environment()) as second:
            assert second.stderr is not None
            said = f"Waiting: {data_dir} is in use by another hub or command (pid {os.getpid()})"
            assert second.stderr.readline().startswith(said)
            first.close()
            assert second.wait(30) == 0


async def test_a_command_that_fails_prints_one_line(
    databases: Databases, data_dir: Path, tmp_path: Path
) -> None:
    nobody = "There is no user eve (user_not_found)"
    refused = {
        ("user", "export", "eve", "--to", str(tmp_path)): (
            1,
            f"Error: {nobody}\n",
        ),
        ("user", "delete", "eve", "--messages", "keep", "--yes"): (
            1,
            f"Error: {nobody}\n",
        ),
        ("workspace", "retention", "school", "9"): (
            1,
            "Error: There is no workspace school (workspace_not_found)\n",
        ),
    }
    async with databases.migrated() as dsn:
        for arguments, (code, why) in refused.items():
            done = parlour(data_dir, *arguments, "--database-url", dsn)
            assert (done.returncode, done.stderr) == (code, why)
    silly = parlour(data_dir, "check-config", "--retention-days", "-1")
    assert silly.returncode == 2
    assert "'-1' is not accepted; it takes 0 to 36500 days" in silly.stderr


def test_a_deletion_needs_a_confirmation(data_dir: Path) -> None:
    unsure = parlour(data_dir, "user", "delete", "ann", "--messages", "keep")  # stdin is empty
    assert unsure.returncode == 2
    assert "There is no terminal to ask on: give --yes" in unsure.stderr
    assert not data_dir.exists()
