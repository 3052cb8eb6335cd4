"""The simulation in the normal run: 500 seeds, and that it would notice mistakes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.bugs import BUGS

SEEDS = 500


def simulate(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, as a person runs it."""
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)


def report_of(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    path = tmp_path / "report.json"
    done = simulate("--json", str(path), *arguments)
    assert path.exists(), done.stderr
    report: dict[str, Any] = json.loads(path.read_text())
    assert done.returncode == (1 if report["broken"] else 0)
    return report


def test_whatever_fails_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    report = report_of(tmp_path, "--seeds", str(SEEDS))
    assert report["broken"] == {}
    assert report["seeds"] == SEEDS
    assert report["acknowledged"] > 10 * SEEDS  # it was no idle day
    assert report["restarts"] > SEEDS


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_mistake_is_found(tmp_path: Path, bug: str) -> None:
    report = report_of(tmp_path, "--bug", bug, "--until-broken", "--seeds", str(SEEDS))
    assert report["broken"]


def test_a_seed_is_played_again_exactly() -> None:
    runs = {simulate("--start", "7", "--seeds", "1", "--trace").stdout.rpartition("\n{")[0]
            for _ in range(2)}  # fmt: skip
    assert len(runs) == 1
    (trace,) = runs
    assert "hub runs" in trace
    assert "heard" in trace
    assert os.environ.get("PYTHONHASHSEED") != "0"  # the command sees to that itself
