"""Plants faults in copies of the source, one at a time, and runs the tests about each.

Guarantees: the tree that this is started in is never patched; a fault counts as found only if its
tests pass without it and one of them fails with it: an error while tests are collected, or a run
that has to be ended, does not count.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from tests.planted.fault import ROOT, Fault

RUN_SECONDS = 300.0
_FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)
_ERROR = re.compile(r"^ERROR (\S+)", re.MULTILINE)


@frozen
class Outcome:
    """What became of one fault. `found_by`: the first test that failed; None: no test did."""

    fault: Fault
    found_by: str | None
    seconds: float
    output: str


@contextmanager
def copy_of_source() -> Iterator[Path]:
    """A copy of everything that git tracks or would track, in a temporary folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with TemporaryDirectory(prefix="parlour-planted-") as folder:
        root = Path(folder) / "source"
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        modules = ROOT / "tests" / "node" / "node_modules"
        if modules.exists():
            (root / "tests" / "node" / "node_modules").symlink_to(modules)
        yield root


def run_tests(root: Path, part: Iterable[str]) -> tuple[str | None, str]:
    """Run test files in a copy; returns the first test that failed, and what was printed.

    Raises:
        RuntimeError: the run is no answer: nothing was collected, or it had to be ended.
    """
    command = [
        sys.executable, "-B", "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *part,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, cwd=root, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
            raise RuntimeError(f"no end after {RUN_SECONDS:.0f} s:\n{output[-3_000:]}") from None
    failed = _FAILED.search(output) or _ERROR.search(output)
    if process.returncode == 0:
        return None, output
    if process.returncode != 1 or failed is None or "error during collection" in output:
        raise RuntimeError(f"pytest ended with {process.returncode}:\n{output[-3_000:]}")
    return failed[1], output


def control(root: Path, faults: Iterable[Fault]) -> None:
    """Run every part without a fault.

    Raises:
        RuntimeError: a test fails.
    """
    parts = sorted({file for fault in faults for file in fault.part})
    failed, output = run_tests(root, parts)
    if failed is not None:
        raise RuntimeError(f"{failed} fails without any fault:\n{output[-3_000:]}")


def plant(root: Path, fault: Fault) -> Outcome:
    """Put one fault into the copy, run its part, and take the fault out again."""
    path = root / fault.file
    source = path.read_text()
    started = time.monotonic()
    path.write_text(fault.patched(source))
    try:
        found_by, output = run_tests(root, fault.part)
    except RuntimeError as error:
        found_by, output = None, str(error)
    finally:
        path.write_text(source)
    return Outcome(fault, found_by, time.monotonic() - started, output)
