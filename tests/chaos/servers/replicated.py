"""Debian's Postgres: a primary and a standby that follows it, over TCP."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from attrs import define, field

from tests.support.wire.ports import unused_port

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
OWNER = "postgres"  # Postgres refuses to run as root
DATABASE = "parlour"
SECONDS = 60
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
wal_level = replica
max_wal_senders = 5
wal_keep_size = 256MB
hot_standby = on
"""


def require_postgres_15() -> None:
    """Skip the test where it is not installed."""
    if not (PROGRAMS / "pg_basebackup").exists():
        pytest.skip("Debian's Postgres 15 is not installed")


@define
class Server:
    """One of the two servers.

    Args:
        folder: its data.
    """

    folder: Path
    port: int = field(factory=unused_port)

    @property
    def dsn(self) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{DATABASE}"

    def ask(self, sql: str, database: str = DATABASE) -> str:
        """Run one statement; returns the value that it yields."""
        dsn = f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"
        return run("psql", "-XAtqc", sql, dsn).strip()

    def start(self) -> None:
        log = self.folder / "log"
        port = f"-p {self.port}"
        run("pg_ctl", "-w", "-t", str(SECONDS), "-D", str(self.folder), "-l", str(log), "-o", port,
            "start")  # fmt: skip

    def configure(self, text: str) -> None:
        with (self.folder / "postgresql.auto.conf").open("a") as file:
            file.write(text)

    def processes(self, kind: str = "") -> list[int]:
        """The processes of the server whose title has this text."""
        main = int((self.folder / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(main)],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        children = [int(line.split()[0]) for line in listed.splitlines() if kind in line]
        return children if kind else [main, *children]

    def signal(self, number: signal.Signals, kind: str = "") -> None:
        for pid in self.processes(kind):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill all of its processes at once, as when its machine loses power."""
        pids = self.processes()
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def promote(self) -> None:
        run("pg_ctl", "-w", "-D", str(self.folder), "promote")

    def is_following(self) -> bool:
        sql = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        return self.ask(sql) == "1"


@define
class Replicated:
    """A primary and its standby.

    Args:
        folder: where both have their data.
        is_synchronous: whether a commit waits for the standby.
    """

    folder: Path
    is_synchronous: bool
    primary: Server
    standby: Server | None = None
    _count: int = 0

    @property
    def dsn(self) -> str:
        """The DSN of both servers, the standby first; clients find out which one is the primary."""
        servers = [*([] if self.standby is None else [self.standby]), self.primary]
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in servers)
        return f"postgresql://{OWNER}@{hosts}/{DATABASE}"

    def follow(self, port: int | None = None) -> None:
        """Make a new standby of the primary's present data."""
        self._count += 1
        folder = self.folder / f"standby{self._count}"
        source = f"host=127.0.0.1 port={self.primary.port} user={OWNER} application_name=standby"
        run("pg_basebackup", "-D", str(folder), "-d", source, "-R", "-X", "stream", "-c", "fast")
        self.standby = Server(folder) if port is None else Server(folder, port)
        self.standby.start()
        self._until_following()
        if self.is_synchronous:
            self.primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.ask("SELECT pg_reload_conf()")

    def until_replayed(self) -> None:
        """Wait until the standby has everything."""
        behind = (
            "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn < pg_current_wal_flush_lsn()"
        )
        while self.primary.ask(behind) != "0":
            time.sleep(0.05)

    def hold_back(self) -> None:
        """From now on the standby gets nothing, and does not notice that."""
        assert self.standby is not None
        self.standby.signal(signal.SIGSTOP, "walreceiver")

    def fail_over(self) -> None:
        """Lose the primary, promote the standby, and bring the former primary back as its
        standby.
        """
        self.primary.kill()
        self.promote()
        self.bring_back()

    def promote(self) -> None:
        """Make the standby the primary."""
        assert self.standby is not None
        self.standby.signal(signal.SIGKILL, "walreceiver")
        self._until_ready(self.standby)
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def bring_back(self) -> None:
        """Bring the lost former primary back as the standby, at its port."""
        former, self.standby = self.standby, None
        assert former is not None
        shutil.rmtree(former.folder)
        self.follow(former.port)

    def _until_following(self) -> None:
        deadline = time.monotonic() + SECONDS
        while not self.primary.is_following():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _until_ready(self, server: Server) -> None:
        """Wait for a new receiver of the standby after the end of the old one."""
        deadline = time.monotonic() + SECONDS
        while True:
            with suppress(subprocess.CalledProcessError):
                server.ask("SELECT 1", "postgres")
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> None:
        for server in (self.primary, self.standby):
            if server is not None and (server.folder / "postmaster.pid").exists():
                server.kill()


def run(program: str, *arguments: str, stdin: bytes | None = None) -> str:
    """Run a program of Postgres, as its owner."""
    command: Sequence[str] = [str(PROGRAMS / program), *arguments]
    if os.getuid() == 0:
        command = ["runuser", "-u", OWNER, "--", *command]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, cwd="/")
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, command, done.stdout, done.stderr.decode()
        )
    return done.stdout.decode()


@contextmanager
def replicated(folder: Path, *, is_synchronous: bool) -> Iterator[Replicated]:
    """Both of them, with an empty database; ended on exit.

    Args:
        folder: an empty one that the owner of Postgres may enter.
        is_synchronous: whether a commit waits for the standby.
    """
    if os.getuid() == 0:
        shutil.chown(folder, OWNER)
    primary = Server(folder / "primary")
    run("initdb", "-D", str(primary.folder), "-U", OWNER, "-A", "trust", "-N", "-E", "UTF8",
        "--locale=C.UTF-8")  # fmt: skip
    primary.configure(SETTINGS)
    both = Replicated(folder, is_synchronous, primary)
    try:
        primary.start()
        primary.ask(f"CREATE DATABASE {DATABASE}", "postgres")
        both.follow()
        yield both
    finally:
        both.stop()
