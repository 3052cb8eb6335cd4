"""Processes of the machine, for tests that must leave none behind."""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import trio

PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.05
NAME = "--node-name"


def working_in(directory: Path) -> list[int]:
    """Pids of processes whose working directory is `directory` or below: a cluster's Postgres."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                place = (entry / "cwd").readlink()
            except OSError:
                continue
            if place.is_relative_to(directory):
                found.append(int(entry.name))
    return found


def until_none_works_in(directory: Path) -> None:
    """Wait until no process works there any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while working_in(directory):
        assert time.monotonic() < deadline, f"left behind: {working_in(directory)}"
        time.sleep(POLL_SECONDS)


def postmaster(cluster: Path) -> int:
    """The pid of the server that runs the cluster."""
    return int((cluster / "postmaster.pid").read_text().splitlines()[0])


def is_root() -> bool:
    return os.getuid() == 0


def workers_of(parent: int) -> dict[str, int]:
    """The pids of the workers that live, by the names of their nodes, in the order of their
    starts.
    """
    found = {}
    for pid in sorted(_children(parent)):
        with suppress(FileNotFoundError):  # it has just ended
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if NAME in words:
                found[words[words.index(NAME) + 1]] = pid
    return found


def _children(parent: int) -> list[int]:
    """The children of every thread of a process, because its threads start them."""
    threads = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for thread in threads for pid in thread.read_text().split()]


def server_of(stream: trio.SocketStream, workers: dict[str, int]) -> str:
    """The name of the worker that has accepted a connection over IPv4 of this machine."""
    _, port = stream.socket.getsockname()
    inode = _inode(remote_port=port, local_port=stream.socket.getpeername()[1])
    for name, pid in workers.items():
        for each in Path(f"/proc/{pid}/fd").iterdir():
            if str(each.readlink()) == f"socket:[{inode}]":
                return name
    raise LookupError("no worker has it")


def _inode(*, remote_port: int, local_port: int) -> str:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        ports = [int(words[at].rpartition(":")[2], 16) for at in (1, 2)]
        if ports == [local_port, remote_port]:
            return words[9]
    raise LookupError("there is no such connection")


def resident_bytes(pid: int) -> int:
    """Memory that a process uses."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) * 1_024


def is_listening_free(port: int) -> bool:
    """Whether a port of this machine has no listener any more."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has used so far, in user mode and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
