"""Small disks that can be full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(parent: Path, size: int) -> Iterator[Path]:
    """A folder in memory with room for so many bytes. Skips the test where none may be mounted."""
    folder = parent / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size},mode=0755", "none"]
    made = subprocess.run(
        ["mount", *options, str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
