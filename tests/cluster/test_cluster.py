"""The campaign on several nodes in the normal run, small: on each bus, what happens to a node, to
its way to the bus, and to the bus itself.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.buses.redis_process import program
from tests.support.programs.command import run_module

pytestmark = pytest.mark.timeout(300)
SMALL = ("--rate", "40", "--pairs", "2", "--quiet", "6")
SLOW = ("--wait", "8")  # however busy the machine is


def campaign(tmp_path: Path, bus: str, *faults: str) -> tuple[int, dict[str, Any]]:
    """On three nodes."""
    path = tmp_path / "report.json"
    asked = ("--bus", bus, "--faults", ",".join(faults))
    done = run_module("tests.cluster", *asked, *SMALL, *SLOW, "--json", str(path), seconds=280)
    assert path.exists(), done.stderr
    report: dict[str, Any] = json.loads(path.read_text())
    return done.returncode, report


def test_what_happens_to_a_node_and_to_redis_is_neither_lost_nor_late(tmp_path: Path) -> None:
    program("redis-server")
    code, report = campaign(tmp_path, "redis", "node_kill:1", "bus_cut:2.5", "bus_kill:1")
    assert report["wrong"] == [], report["examples"]
    assert code == 0
    assert report["faults"] == {"node_kill": 1, "bus_cut": 1, "bus_kill": 1}
    assert report["acknowledged_of_who_never_repeats"] > 20
    assert report["came_from_another_node"] > report["stored"]


def test_what_happens_to_notify_and_to_postgres_is_neither_lost_nor_late(tmp_path: Path) -> None:
    code, report = campaign(tmp_path, "postgres", "bus_silent:11", "postgres_kill:0.5")
    assert report["wrong"] == [], report["examples"]
    assert code == 0
    assert report["faults"] == {"bus_silent": 1, "postgres_kill": 1}
    assert report["refused_as_unavailable"] > 0
    assert report["logged"]["apart"] > 0
