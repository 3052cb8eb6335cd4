"""A hub that cannot start: it waits for a problem that may pass, and reports any other in one
line.
"""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from hub.sockets.addresses import listening
from tests.support.clients.http import request
from tests.support.programs.hub_process import (
    PARLOUR,
    environment,
    first_data,
    open_folder,
    parlour,
)
from tests.support.programs.processes import is_root
from tests.support.stores.databases import Databases, execute, with_database

SOCKET: Final = ".s.PGSQL.5432"


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def refusal(*flags: str, code: int = 1) -> str:
    """The one line that a start ends with."""
    done = parlour("serve", "--port", "0", *flags)
    assert done.returncode == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


def socket_of(dsn: str) -> Path:
    """The folder of the test server's socket."""
    host = parse_qs(urlsplit(dsn).query).get("host", [""])[0]
    if not Path(host, SOCKET).exists():
        pytest.skip("the database of the tests has no socket here")
    return Path(host, SOCKET)


async def test_a_hub_waits_for_its_database_and_logs_the_reason_once(
    databases: Databases, folder: Path
) -> None:
    async with databases.migrated() as dsn:
        parts = urlsplit(dsn)
        url = f"postgresql://{parts.username}@{parts.path}?host={folder}"
        process = serve(folder, "--database-url", url)
        with process:
            try:
                assert process.stderr is not None
                assert process.stdout is not None
                line = json.loads(process.stderr.readline())
                assert line["event"] == "waiting_for_database"
                assert "No such file" in line["reason"]
                assert line["database"].endswith(f"?host={folder}")
                port = port_of(process)
                assert await status_of(port, "/healthz") == 200
                assert await status_of(port, "/readyz") == 503
                (folder / SOCKET).symlink_to(socket_of(dsn))
                assert process.stdout.readline().startswith("Parlour is ready at ")
                assert await status_of(port, "/readyz") == 200
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
                said = [json.loads(line)["event"] for line in process.stderr]
                assert "waiting_for_database" not in said, "once for each reason"
            finally:
                process.kill()


async def test_a_hub_that_waits_can_be_stopped(folder: Path) -> None:
    with serve(folder, "--database-url", f"postgresql://me@/x?host={folder}") as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def serve(folder: Path, *flags: str) -> "subprocess.Popen[str]":
    command = [*PARLOUR, "serve", "--port", "0", "--data-dir", str(folder / "data"), *flags]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )


def port_of(process: "subprocess.Popen[str]") -> int:
    """The port of a process that has not printed it yet."""
    inodes = {
        str(each.readlink()).removeprefix("socket:[").removesuffix("]")
        for each in Path(f"/proc/{process.pid}/fd").iterdir()
    }
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[9] in inodes:
            return int(words[1].partition(":")[2], 16)
    raise AssertionError("it does not listen")


async def status_of(port: int, path: str) -> int:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        return (await request(stream, "GET", path)).status


async def test_a_permanent_error_of_the_database_is_reported_in_one_line(
    databases: Databases, folder: Path
) -> None:
    where = ("--data-dir", str(folder / "data"), "--database-url")
    missing = with_database(databases.dsn, "no_such_database")
    assert "no_such_database" in refusal(*where, missing)
    stranger = databases.dsn.replace(urlsplit(databases.dsn).username or "", "stranger", 1)
    assert 'role "stranger" does not exist' in refusal(*where, stranger)
    async with databases.migrated() as dsn:
        name = urlsplit(dsn).path[1:]
        await execute(dsn, f"ALTER DATABASE {name} SET synchronous_commit = off")
        assert "may lose acknowledged messages" in refusal(*where, dsn)
        newer = "INSERT INTO schema_migrations (name, sha256) VALUES ('schema/9999_x.sql', '')"
        await execute(dsn, newer)
        assert "newer Parlour (schema/9999_x.sql)" in refusal(*where, dsn)
    assert not (folder / "data").exists()


def test_a_wrong_password_is_reported_in_one_line(folder: Path) -> None:
    """Of a server that demands one, as Debian's does."""
    binaries = Path("/usr/lib/postgresql/15/bin")
    if not (binaries / "initdb").exists():
        pytest.skip("Debian's Postgres is not installed")
    password = folder / "password"
    password.write_text("right")
    password.chmod(0o644)
    cluster = folder / "cluster"
    cluster.mkdir()
    as_user: list[str] = []
    if is_root():
        shutil.chown(cluster, "nobody")
        as_user = ["setpriv", "--reuid", "nobody", "--clear-groups"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(binaries / program), "-D", str(cluster), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    run("initdb", "-U", "me", "-A", "scram-sha-256", "--no-sync", f"--pwfile={password}")
    options = f"-k {cluster} -c listen_addresses="
    run("pg_ctl", "start", "-w", "-l", str(cluster / "log"), "-o", options)
    try:
        url = f"postgresql://me:wrong@/postgres?host={cluster}"
        line = refusal("--data-dir", str(folder / "data"), "--database-url", url)
        assert 'password authentication failed for user "me"' in line
    finally:
        run("pg_ctl", "stop", "-m", "immediate")


def test_a_problem_of_the_machine_is_reported_in_one_line(folder: Path) -> None:
    where = ("--data-dir", str(folder / "data"))
    with listening("127.0.0.1", 0) as (taken,):
        port = taken.getsockname()[1]
        line = refusal(*where, "--port", str(port))
        assert line == f"Cannot listen on 127.0.0.1:{port}: Address already in use"
    (folder / "no.pem").write_text("nothing")
    pem = str(folder / "no.pem")
    assert pem in refusal(*where, "--tls-cert", pem, "--tls-key", pem, code=2)
    assert pem in parlour("check-config", "--tls-cert", pem, "--tls-key", pem).stderr
    line = refusal(*where, "--database-url", "postgresql://me@db:99999/x", code=2)
    assert "a port is a number from 1 to 65535" in line
    (folder / "file").write_text("")
    assert "file" in refusal("--data-dir", str(folder / "file"))
    assert not (folder / "data").exists()


@pytest.mark.skipif(not is_root(), reason="only root may give files away")
def test_a_data_folder_of_another_account_is_reported_in_one_line(folder: Path) -> None:
    """As when root restores a backup with `cp -r`."""
    copy = folder / "data"
    subprocess.run(["cp", "-r", first_data(), copy], check=True)
    line = refusal("--data-dir", str(copy))
    assert "belongs to root" in line
    assert "cp -a" in line


@pytest.mark.parametrize(
    "command",
    [("user", "list"), ("user", "role", "ann", "teacher"), ("session", "revoke", "ann")],
)
def test_a_folder_that_is_misspelt_is_not_made(folder: Path, command: tuple[str, ...]) -> None:
    wrong = folder / "TYPO"
    done = parlour(*command, "--data-dir", str(wrong))
    assert done.returncode == 1
    assert done.stderr == f"Error: There is no database of Parlour in {wrong}\n"
    assert not wrong.exists()


def test_the_version_is_printed() -> None:
    done = parlour("--version")
    assert done.returncode == 0
    assert " version " in done.stdout
