"""Every planted fault still fits the source, and a few of them are planted in each run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.planted.fault import ROOT, Fault
from tests.planted.faults import FAULTS
from tests.planted.run import copy_of_source, plant

IN_EVERY_RUN = (
    "a removed member goes on receiving the messages of the workspace",
    "a send that was cancelled keeps its place in flight",
)


def test_names_are_unique() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fits_its_file_and_is_a_program(fault: Fault) -> None:
    patched = fault.patched((ROOT / fault.file).read_text())
    if fault.file.endswith(".py"):
        ast.parse(patched)
    assert all((ROOT / part).is_file() for part in fault.part)


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    with copy_of_source() as root:
        yield root


@pytest.mark.parametrize("name", IN_EVERY_RUN)
def test_the_suite_finds(copy: Path, name: str) -> None:
    (fault,) = [fault for fault in FAULTS if fault.name == name]
    outcome = plant(copy, fault)
    assert outcome.found_by is not None, outcome.output
