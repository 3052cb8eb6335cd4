"""Every planted fault still applies to the source, and a few of them are planted in each run."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.planted.fault import ROOT, Fault
from tests.planted.faults import FAULTS
from tests.planted.run import copy_of_source, plant
from tests.planted.table import table

pytestmark = pytest.mark.timeout(300)
IN_EVERY_RUN = (
    "an unmasked frame is accepted",
    "scripts may read the session cookie",
    "a token for another audience is accepted",
    "a connection that is gone stays in its channels",
    "a user is announced as offline without the grace period",
    "a send that was cancelled keeps its place in flight",
)
PAGE = ROOT / "docs" / "testing.md"
NO_PROGRAM = "F821,F823"  # names that are not defined
PARSE = """
import { readFileSync } from "node:fs";
import { SourceTextModule } from "node:vm";
for (const identifier of process.argv.slice(1))
  new SourceTextModule(readFileSync(identifier, "utf8"), { identifier });
"""


def test_names_are_unique() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))


def misfit(fault: Fault) -> str | None:
    """The reason why a fault cannot be planted; None if it can."""
    missing = [part for part in fault.part if not (ROOT / part).is_file()]
    try:
        fault.patched((ROOT / fault.file).read_text())
    except ValueError as error:
        return str(error)
    return f"there is no {missing}" if missing else None


def test_every_fault_fits_its_file() -> None:
    misfits = {fault.name: misfit(fault) for fault in FAULTS}
    assert {name: why for name, why in misfits.items() if why} == {}


def test_every_fault_is_a_program(tmp_path: Path) -> None:
    """Otherwise any test would find it."""
    for number, fault in enumerate(FAULTS):
        patched = fault.patched((ROOT / fault.file).read_text())
        (tmp_path / f"{number}_{Path(fault.file).name}").write_text(patched)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", NO_PROGRAM]
    checked = subprocess.run([*ruff, tmp_path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    if shutil.which("node") is not None:
        options = ("--no-warnings", "--experimental-vm-modules", "--input-type=module")
        scripts = sorted(tmp_path.glob("*.js"))
        assert scripts
        subprocess.run(["node", *options, "--eval", PARSE, *scripts], check=True)


def test_the_page_shows_every_fault() -> None:
    assert table(FAULTS) in PAGE.read_text(), "put there what --table prints"


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    with copy_of_source() as root:
        yield root


@pytest.mark.parametrize("name", IN_EVERY_RUN)
def test_the_suite_finds(copy: Path, name: str) -> None:
    (fault,) = [fault for fault in FAULTS if fault.name == name]
    outcome = plant(copy, fault, confirm=False)
    assert outcome.found_by is not None, outcome.output
