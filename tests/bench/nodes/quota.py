"""A share of a core for some processes, by a control group of Linux (version 1 or 2)."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from tests.bench.exchange import BenchError

ROOT: Final = Path("/sys/fs/cgroup")
END_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.05
PERIOD_US: Final = 10_000  # a short one: a process that has used its share waits for its end


@frozen
class Quota:
    """A control group, whose processes share so much of a core."""

    folder: Path

    def add(self, pids: Iterable[int]) -> None:
        """Add these processes, with those that they start from now on."""
        for pid in pids:
            (self.folder / "cgroup.procs").write_text(str(pid))


@contextmanager
def quota(name: str, share: float) -> Iterator[Quota]:
    """A group that is removed on exit, when its processes end.

    Raises:
        BenchError: there can be none; this takes root.
    """
    is_second = (ROOT / "cgroup.controllers").exists()
    folder = ROOT / name if is_second else ROOT / "cpu" / name
    limit = round(share * PERIOD_US)
    try:
        folder.mkdir(exist_ok=True)
        if is_second:
            (folder / "cpu.max").write_text(f"{limit} {PERIOD_US}")
        else:
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(str(limit))
    except OSError as error:
        raise BenchError(f"no control group for the shares of a core: {error}") from error
    try:
        yield Quota(folder)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove it once the last process, which was killed, has ended."""
    until = time.monotonic() + END_SECONDS
    while True:
        try:
            return folder.rmdir()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(POLL_SECONDS)
