"""The campaign of a Postgres of its own in the normal run: each fault lasts until it shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.database import NAMES
from tests.support.programs.command import run_module

pytestmark = pytest.mark.timeout(300)
SHORT = (
    "black_hole", "password", "database_renamed", "lock_timeout", "table_renamed",
    "no_more_connections", "ended_one_by_one", "held_row",
)  # fmt: skip


def test_the_hub_survives_faults_of_its_server_and_delivers_all_that_was_stored(
    tmp_path: Path,
) -> None:
    path = tmp_path / "report.json"
    arguments = ("--faults", ",".join(SHORT), "--hold", "0", "--sends", "2")
    done = run_module("tests.chaos.database", *arguments, "--json", str(path), seconds=280)
    assert path.exists(), done.stderr
    report: dict[str, Any] = json.loads(path.read_text())
    assert report["problems"] == []
    assert report["tracebacks"] == 0
    assert report["refused_as_unavailable"] > 0
    assert report["acknowledged"] >= 2 * 8 * len(SHORT)
    assert set(SHORT) < set(NAMES)
