"""One cluster on disk: made whole or not at all, used by one hub at a time.

Guarantees: `initdb` works under another name until it is done, so an unfinished cluster is never
used; a
cluster of another Postgres major version is refused; an upgrade that was interrupted between its
two renames is finished; a server that a killed hub left behind is stopped before a new one starts.
Must not know: how the running server is watched.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from persistence.embedded.account import Account
from persistence.embedded.errors import DataDirInUse, EmbeddedPostgresError

SUPERUSER: Final = "parlour"
LOCK: Final = "parlour.lock"
BESIDE: Final = "parlour.beside"
"""Is locked (shared) by commands that use the server of the folder's holder."""
NAME: Final = "postgres"
CONNECTIONS: Final = 120
"""How many connections a server takes by default."""
UPGRADED: Final = "postgres.new"
"""The name of a cluster that is to take the place of one of an older Postgres."""
_STOP_STEPS: Final = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 3.0))
_KILL_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.02


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process alone.

    Raises:
        DataDirInUse: another process holds it.
    """
    with (data_dir / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            raise DataDirInUse(
                f"{data_dir} is in use by another hub or command (pid {pid})"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        (data_dir / BESIDE).touch()
        yield


@frozen
class Cluster:
    """A cluster's folders.

    Args:
        place: the parent folder of the cluster's folder.
        binaries: where `postgres` and `initdb` are.
        account: the account that they run as.
        name: of the cluster's folder in `place`.
        connections: how many the cluster's server takes.
    """

    place: Path
    binaries: Path
    account: Account
    name: str = NAME
    connections: int = CONNECTIONS

    @property
    def data(self) -> Path:
        """The data directory of Postgres."""
        return self.place / self.name

    @property
    def unfinished(self) -> Path:
        """The data directory until `initdb` is done."""
        return self.place / f"{self.name}.unfinished"

    def is_made(self) -> bool:
        """Whether `initdb` was done here.

        Raises:
            EmbeddedPostgresError: it was made by another major version of Postgres, or belongs to
                another account.
        """
        made_by, ours = self.made_by(), self.major_version()
        if made_by is None:
            return False
        if made_by != ours:
            way = (
                "run `parlour upgrade-database`"
                if int(made_by) < int(ours)
                else "it needs the newer Parlour that made it"
            )
            raise EmbeddedPostgresError(
                f"{self.data} was made by Postgres {made_by}, this is {ours}: {way}"
            )
        self._require_ours()
        return True

    def made_by(self) -> str | None:
        """The major version of the Postgres that made the cluster; None: there is no cluster."""
        try:
            return (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return None

    def major_version(self) -> str:
        """The major version of the binaries.

        Raises:
            EmbeddedPostgresError: there are no binaries.
        """
        command = [str(self.binaries / "postgres"), "--version"]
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            raise EmbeddedPostgresError(f"There is no Postgres in {self.binaries}") from None
        return said.split()[2].partition(".")[0]  # "postgres (PostgreSQL) 18.6"

    def finish_upgrade(self) -> None:
        """Give the upgraded cluster its name, if only that is missing."""
        upgraded = self.place / UPGRADED
        if not self.data.exists() and upgraded.exists():
            upgraded.rename(self.data)

    def _require_ours(self) -> None:
        owner = self.data.stat().st_uid
        if owner != self.account.uid:
            theirs, ours = name_of(owner), name_of(self.account.uid)
            raise EmbeddedPostgresError(
                f"{self.data} belongs to {theirs}, but Postgres runs as {ours}: give it to that"
                " account, as `cp -a` does when a backup is copied"
            )

    def begin(self) -> list[str]:
        """Prepare an empty folder; returns the `initdb` command to be run for `finish`."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir(mode=0o700)
        self.account.own(self.unfinished)
        return [
            str(self.binaries / "initdb"),
            f"--pgdata={self.unfinished}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # only our account can enter the socket's folder
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]

    def finish(self) -> None:
        """Give the cluster its name, after `initdb` has succeeded."""
        self.unfinished.rename(self.data)

    def server_command(self, socket_dir: Path) -> list[str]:
        """The command that serves this cluster on a Unix socket in `socket_dir` only."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": str(self.connections),
            "shared_buffers": "128MB",
            "synchronous_commit": "on",
            "fsync": "on",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            # the log must hold no content of users: neither parameters, nor statements, nor
            # details such as "Key (email)=(...) already exists"
            "log_statement": "none",
            "log_min_error_statement": "panic",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "log_error_verbosity": "terse",
            "cluster_name": "parlour",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this pid accepts connections."""
        server = ready_server(self.data)
        return server is not None and server[0] == pid

    def stop_orphan(self) -> None:
        """Stop a server that was left behind, and processes left of one: a stopped process does not
        notice that its server has ended. The caller holds the data folder.

        Raises:
            EmbeddedPostgresError: some processes do not end.
        """
        lines = _pid_file(self.data)
        # A stale file, which Postgres replaces, names no process or one of another program.
        main = [int(lines[0])] if lines and lines[0].isdigit() else []
        for step, patience in _STOP_STEPS:
            if self._end(main, step, patience):
                break
        left = self._processes()
        if not self._end(left, signal.SIGKILL, _KILL_SECONDS):
            raise EmbeddedPostgresError(f"The server left behind on {self.data} stays: {left}")

    def _end(self, pids: Collection[int], step: signal.Signals, patience: float) -> bool:
        """Send a signal to processes of our server; returns whether they end within `patience`
        seconds.
        """
        deadline = time.monotonic() + patience
        for pid in filter(self._is_ours, pids):
            with suppress(ProcessLookupError):
                os.kill(pid, step)
        while any(map(self._is_ours, pids)):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _processes(self) -> Collection[int]:
        """The processes of our server."""
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return list(filter(self._is_ours, pids))

    def _is_ours(self, pid: int) -> bool:
        """Whether a process is one of a server that works in the cluster's folder."""
        process = Path(f"/proc/{pid}")
        try:
            return (process / "cwd").readlink() == self.data.resolve() and (
                (process / "exe").readlink().name.startswith("postgres")  # or is deleted by now
            )
        except OSError:
            return False


def ready_server(data: Path) -> tuple[int, Path] | None:
    """The pid of a cluster's server and where it listens; None: it accepts no connections."""
    lines = _pid_file(data)
    is_ready = len(lines) > 7 and lines[7].startswith("ready")  # noqa: PLR2004  postmaster.pid's lines
    return (int(lines[0]), Path(lines[4])) if is_ready else None


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def name_of(uid: int) -> str:
    """The name of an account, for messages."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"account {uid}"
