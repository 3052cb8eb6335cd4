"""A Postgres that is not the hub's own: a cluster over TCP, where roles have passwords. Debian's
where it is installed, otherwise the embedded one's programs.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
import trio
from attrs import define, field

from persistence.embedded.account import Account, choose_account
from persistence.embedded.places import find_binaries
from tests.support.programs.processes import until_none_works_in, working_in
from tests.support.stores.databases import execute

DEBIAN: Final = Path("/usr/lib/postgresql/15/bin")
ROLE: Final = "hub"
PASSWORD: Final = "correct"
READY_SECONDS: Final = 60.0
HBA: Final = f"""
local all all trust
host all {ROLE} 127.0.0.1/32 scram-sha-256
"""
SETTINGS: Final = (
    "listen_addresses=127.0.0.1", "max_connections=30", "superuser_reserved_connections=3",
    "fsync=on", "logging_collector=off", "deadlock_timeout=1s",
)  # fmt: skip


@define
class Cluster:
    """A server that can be killed, stopped and started again.

    `dsn`: as the hub's role, over TCP. `superuser`: over its socket, past any proxy.

    Args:
        folder: for its data; the account that it runs as may enter it.
        port: where it listens.
        settings: beside those of all.
    """

    folder: Path
    port: int
    settings: Sequence[str] = ()
    _account: Account = field(factory=choose_account, init=False)
    _server: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def dsn(self) -> str:
        return f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{self.port}/parlour"

    @property
    def superuser(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}&port={self.port}"

    @property
    def _programs(self) -> Path:
        return DEBIAN if DEBIAN.is_dir() else find_binaries(self._account)

    @property
    def _owner(self) -> dict[str, Any]:
        if os.getuid() != 0:
            return {}
        return {"user": self._account.uid, "group": self._account.gid}

    def make(self) -> None:
        """Make an empty one, which is not started."""
        data = self.folder / "data"
        self._account.own(self.folder)
        initdb: list[str | Path] = [self._programs / "initdb", "-D", data, "-U", "postgres"]
        initdb += ["-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            initdb, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._owner
        )
        (data / "pg_hba.conf").write_text(HBA)
        shutil.chown(data / "pg_hba.conf", self._account.uid, self._account.gid)

    def start(self) -> None:
        """Start it; it does not accept connections at once."""
        options = [part for each in (*SETTINGS, *self.settings) for part in ("-c", each)]
        command: list[str | Path] = [self._programs / "postgres", "-D", self.folder / "data"]
        command += ["-k", self.folder, "-p", str(self.port), *options]
        with (self.folder / "log").open("a") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **self._owner
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        for pid in working_in(self.folder / "data"):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill -9 of all of its processes; returns when none is left."""
        self.signal(signal.SIGKILL)
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        until_none_works_in(self.folder / "data")


@contextmanager
def run_cluster(folder: Path, port: int, *settings: str) -> Iterator[Cluster]:
    """A new cluster in that folder, killed on exit."""
    cluster = Cluster(folder, port, settings)
    cluster.make()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.kill()


async def until_it_answers(cluster: Cluster) -> None:
    """Wait until it accepts connections, after a start. An asyncio loop is running."""
    with trio.fail_after(READY_SECONDS):
        while True:
            try:
                await execute(cluster.superuser, "SELECT 1")
            except (OSError, asyncpg.CannotConnectNowError):
                await trio.sleep(0.05)
            else:
                return


async def make_database(cluster: Cluster) -> None:
    """Make the hub's role and its empty database, once the server accepts connections."""
    await until_it_answers(cluster)
    await execute(cluster.superuser, f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
    await execute(cluster.superuser, f"CREATE DATABASE parlour OWNER {ROLE}")
