"""Plants faults in copies of the source, one at a time, and runs the tests about each.

Guarantees: the tree that this is started in is never patched; a fault counts as found only if a
test that began fails with it, and again when it is run alone. A run gives no answer if it has to be
ended, if tests cannot be collected or a fixture cannot be made, or if it fails because the patched
file is no valid program.
"""

import compileall
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

from tests.planted import report
from tests.planted.fault import ROOT, Fault

RUN_SECONDS: Final = 1_800.0
SHOWN_CHARS: Final = 3_000
PYTEST: Final = (sys.executable, "-B", "-m", "pytest", "-p", report.__name__)
OPTIONS: Final = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "-o", "timeout=30")
_NO_PROGRAM: Final = re.compile(
    r"\b(SyntaxError|NameError|ReferenceError|PostgresSyntaxError|Undefined\w*Error)\b: .*"
)


class NoAnswer(Exception):
    """A run of tests that neither passed nor found anything; the text has the reason."""


@frozen
class Outcome:
    """The outcome of one fault. `found_by`: the first test that failed; None: no test did."""

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
        # Compiled once, because the runs write no bytecode; a patched file is compiled again.
        mode = PycInvalidationMode.CHECKED_HASH
        compiled = compileall.compile_dir(root, quiet=1, invalidation_mode=mode)
        assert compiled, "a source file is no program"
        yield root


def compile_packages() -> None:
    """Compile the installed packages: the runs write no bytecode, and would each compile them."""
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)  # some hold what is no program


def run_tests(root: Path, part: Iterable[str]) -> tuple[str | None, str]:
    """Run test files in a copy; returns the first test that failed, and what was printed.

    Programs that the tests start run the code of the copy too.

    Raises:
        NoAnswer: the run neither passed nor found anything.
    """
    found = root.parent / "report.txt"
    found.write_text("")
    command = [*PYTEST, *OPTIONS, f"{report.OPTION}={found}", *part]
    inherited = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    environment = {**inherited, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        command, cwd=root, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise NoAnswer(f"no end after {RUN_SECONDS:.0f} s:\n{_end(output)}") from None
    phase, _, test = found.read_text().partition("\n")[0].partition(" ")
    if process.returncode == 0:
        return None, output
    no_program = _NO_PROGRAM.search(output)
    if no_program is not None:
        raise NoAnswer(f"{no_program[0]}\n{_end(output)}")
    if process.returncode != 1 or phase not in ("call", "teardown"):
        raise NoAnswer(f"pytest ended with {process.returncode}, {phase or 'no'} {test or 'test'}"
                       f" failed:\n{_end(output)}")  # fmt: skip
    return test, output


def require_passing(root: Path, part: Iterable[str]) -> None:
    """Run test files without a fault.

    Raises:
        NoAnswer: a test fails.
    """
    failed, output = run_tests(root, part)
    if failed is not None:
        raise NoAnswer(f"{failed} fails without any fault:\n{_end(output)}")


def plant(root: Path, fault: Fault, *, confirm: bool = True) -> Outcome:
    """Put one fault into the copy, run its part, and take the fault out again.

    Args:
        root: the copy.
        fault: the fault.
        confirm: whether the test that failed has to fail again.
    """
    path = root / fault.file
    source = path.read_text()
    started = time.monotonic()
    path.write_text(fault.patched(source))
    try:
        found_by, output = run_tests(root, fault.part)
        if confirm and found_by is not None and run_tests(root, (found_by,))[0] is None:
            found_by, output = None, f"{found_by} failed once only:\n{_end(output)}"
    except NoAnswer as error:
        found_by, output = None, str(error)
    finally:
        path.write_text(source)
    return Outcome(fault, found_by, time.monotonic() - started, output)


def _end(output: str) -> str:
    return output[-SHOWN_CHARS:]
