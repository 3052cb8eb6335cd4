"""The embedded database is moved from an older Postgres: Debian's, where it is installed."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import trio

from persistence.embedded.account import choose_account
from tests.chaos.servers.cluster import DEBIAN
from tests.support.programs.hub_process import (
    first_data,
    open_folder,
    parlour,
    run_hub,
)
from tests.support.programs.processes import is_root, until_none_works_in
from tests.support.stores.embedded import ask

SETTINGS: Final = ("-c", "listen_addresses=")


@pytest.fixture
def folder() -> Iterator[Path]:
    if not DEBIAN.is_dir():
        pytest.skip("Debian's Postgres 15 is not installed")
    with open_folder() as folder:
        yield folder


@contextmanager
def older_postgres(data: Path) -> Iterator[str]:
    """A server of the older Postgres on a data folder's cluster, as an older hub ran it; yields its
    DSN.
    """
    account = choose_account()
    owner: dict[str, Any] = {"user": account.uid, "group": account.gid} if is_root() else {}
    cluster = data / "postgres"
    if not cluster.exists():
        cluster.mkdir(mode=0o700)
        account.own(cluster)
        initdb = [str(DEBIAN / "initdb"), "-D", str(cluster), "-U", "parlour", "-A", "trust"]
        command = [*initdb, "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **owner)
    command = [str(DEBIAN / "postgres"), "-D", str(cluster), "-k", str(cluster), *SETTINGS]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **owner) as server:
        try:
            yield f"postgresql://parlour@/postgres?host={cluster}"
        finally:
            server.terminate()
            server.wait(30)


def leave_behind(cluster: Path) -> None:
    """Make the folder that an interrupted upgrade leaves."""
    subprocess.run(["cp", "-a", first_data() / "postgres", cluster], check=True)


async def until_it_answers(dsn: str) -> None:
    while True:
        try:
            await ask(dsn, "SELECT 1")
        except* (OSError, asyncpg.PostgresError):
            await trio.lowlevel.checkpoint()
        else:
            return


async def test_users_go_on_after_the_upgrade_of_their_database(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    with older_postgres(data) as dsn:
        await until_it_answers(dsn)
        with run_hub(data, "--database-url", dsn) as hub:
            (ann, anns), (ben, bens) = await hub.sign_up("ann"), await hub.sign_up("ben")
            for text in ("one", "two"):
                said = await hub.call("POST", f"/api/messages/{ben}", {"content": text}, anns)
                assert said.status == 201
            epoch = said.headers["parlour-epoch"]
    (data / "parlour.lock").touch()  # as the hub of the embedded server leaves it

    refused = parlour("serve", "--port", "0", "--data-dir", str(data))
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.endswith("was made by Postgres 15, this is 18: run `parlour upgrade-database`")

    moved = parlour("upgrade-database", "--data-dir", str(data), "--old-bin", str(DEBIAN))
    assert moved.returncode == 0, moved.stderr
    assert moved.stdout.startswith("Moved 2 messages from Postgres 15 to 18 in ")
    until_none_works_in(data)
    names = {each.name for each in data.glob("postgres*")}
    assert names == {"postgres", "postgres-15.old", "postgres.log"}

    again = parlour("upgrade-database", "--data-dir", str(data))
    assert again.returncode == 1
    assert "There is nothing to upgrade: this is Postgres 18" in again.stderr
    with run_hub(data) as hub:
        log = await hub.call("GET", f"/api/messages/{ben}?after_seq=0", cookie=anns)
        assert [message["content"] for message in log.json] == ["one", "two"]
        assert log.headers["parlour-epoch"] != epoch, "it is the log of another server"
        said = await hub.call("POST", f"/api/messages/{ann}", {"content": "three"}, bens)
        assert said.json["seq"] == 3


async def test_the_leftovers_of_an_interrupted_upgrade_do_not_prevent_another(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    with older_postgres(data) as dsn:
        await until_it_answers(dsn)
        assert parlour("migrate", "--database-url", dsn).returncode == 0
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    (data / "parlour.lock").touch()
    leave_behind(data / "postgres.new")
    (data / "postgres-15.old").mkdir()
    refused = parlour("upgrade-database", "--data-dir", str(data))
    assert "postgres-15.old is in the way" in refused.stderr
    assert not (data / "postgres.new.unfinished").exists()
    (data / "postgres-15.old").rmdir()
    moved = parlour("upgrade-database", "--data-dir", str(data))  # finds Debian's programs
    assert moved.returncode == 0, moved.stderr
    shutil.rmtree(data / "postgres-15.old")
    listed = parlour("user", "list", "--data-dir", str(data))
    assert listed.returncode == 0
