"""A Postgres that is not the hub's own: a cluster over TCP, where roles have passwords. Debian's
where it is installed, otherwise the embedded one's programs.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from persistence.embedded.account import choose_account
from persistence.embedded.places import find_binaries
from tests.support.programs.processes import until_none_works_in, working_in

DEBIAN: Final = Path("/usr/lib/postgresql/15/bin")
ROLE: Final = "hub"
PASSWORD: Final = "correct"
HBA: Final = f"""
local all all trust
host all {ROLE} 127.0.0.1/32 scram-sha-256
"""
SETTINGS: Final = (
    "listen_addresses=127.0.0.1", "max_connections=30", "superuser_reserved_connections=3",
    "fsync=on", "logging_collector=off", "deadlock_timeout=1s",
)  # fmt: skip


@frozen
class Cluster:
    """A running server.

    `dsn`: as the hub's role, over TCP. `superuser`: over a socket that nothing is in front of.
    """

    folder: Path
    port: int

    @property
    def dsn(self) -> str:
        return f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{self.port}/parlour"

    @property
    def superuser(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}&port={self.port}"

    def signal(self, number: signal.Signals) -> None:
        """To all of its processes."""
        for pid in working_in(self.folder / "data"):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@contextmanager
def run_cluster(folder: Path, port: int) -> Iterator[Cluster]:
    """A new cluster in that folder, killed on exit."""
    account = choose_account()
    programs = DEBIAN if DEBIAN.is_dir() else find_binaries(account)
    data = folder / "data"
    account.own(folder)
    owner: dict[str, Any] = {}
    if os.getuid() == 0:
        owner = {"user": account.uid, "group": account.gid}
    initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
    initdb += ["-E", "UTF8", "--locale=C"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
    (data / "pg_hba.conf").write_text(HBA)
    shutil.chown(data / "pg_hba.conf", account.uid, account.gid)
    options = [part for each in SETTINGS for part in ("-c", each)]
    command: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, "-p", str(port)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, *options], stdout=log, stderr=log, cwd=folder, **owner)
    try:
        yield Cluster(folder, port)
    finally:
        server.kill()
        server.wait()
        until_none_works_in(data)
