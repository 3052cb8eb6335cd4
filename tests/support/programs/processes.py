"""Processes of the machine, for tests that must leave none behind."""

import os
import time
from pathlib import Path

PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.05


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
