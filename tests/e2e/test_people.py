"""What the data folder still holds of a person who was deleted, and what one gets of oneself."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
import trio

from persistence.embedded import run_embedded
from persistence.embedded.account import choose_account
from persistence.embedded.places import find_binaries
from tests.support.clients.http import form, request
from tests.support.machine.disks import small_disk
from tests.support.programs import hub_process
from tests.support.programs.hub_process import (
    HubProcess,
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
    """Two people write, and one of them leaves everything that one can; returns their cookie, and
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
    done = hub_process.parlour(*arguments, "--data-dir", data_dir)
    until_none_works_in(data_dir)
    return done


async def dump(data_dir: Path) -> str:
    """The whole database, as text."""
    async with run_embedded(data_dir) as dsn:
        command = [str(PG_DUMP), "--inserts", "--dbname", dsn]
        done = await trio.run_process(command, capture_stdout=True)
        return done.stdout.decode()


def kept_files(data_dir: Path) -> str:
    """The names and contents of all files but Postgres' own."""
    found = [
        each
        for each in data_dir.rglob("*")
        if each.is_file() and (data_dir / CLUSTER) not in each.parents
    ]
    return "\n".join(f"{each} {each.read_bytes()!r}" for each in found)


@pytest.mark.parametrize("fate", ["keep", "remove"])
async def test_nothing_is_left_of_who_was_deleted(data_dir: Path, fate: str) -> None:
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


async def test_a_person_gets_everything_of_theirs(data_dir: Path, tmp_path: Path) -> None:
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


async def test_what_cannot_be_done_ends_with_one_line(
    databases: Databases, data_dir: Path, tmp_path: Path
) -> None:
    refused = {
        ("user", "export", "eve", "--to", str(tmp_path)): (1, "Error: There is no user eve\n"),
        ("user", "delete", "eve", "--messages", "keep", "--yes"): (
            1,
            "Error: There is no user eve\n",
        ),
        ("workspace", "retention", "school", "-1"): (
            1,
            "Error: Messages stay for 0 to 36500 days, not for -1\n",
        ),
        ("workspace", "retention", "school", "9"): (1, "Error: There is no workspace school\n"),
    }
    async with databases.migrated() as dsn:
        for arguments, (code, why) in refused.items():
            done = parlour(data_dir, *arguments, "--database-url", dsn)
            assert (done.returncode, done.stderr) == (code, why)
    silly = parlour(data_dir, "check-config", "--retention-days", "-1")
    assert silly.returncode == 2
    assert "'-1' is not accepted; it takes 0 to 36500 days" in silly.stderr


def test_a_deletion_is_asked_for(data_dir: Path) -> None:
    unsure = parlour(data_dir, "user", "delete", "ann", "--messages", "keep")  # nobody answers
    assert unsure.returncode == 2
    assert "Delete ann for ever? [y/N]" in unsure.stderr
    assert not data_dir.exists()
