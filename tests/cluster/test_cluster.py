"""The campaign on several nodes in the normal run, small: on each bus, faults of a node, of its way
to the bus, and of the bus itself.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.packets import why_not
from tests.support.buses.redis_process import program
from tests.support.programs.command import run_module

pytestmark = pytest.mark.timeout(300)
SMALL = ("--rate", "15", "--pairs", "1", "--quiet", "5", "--stay", "60")
BUSY = ("--wait", "8", "--patience", "150")  # for a busy machine


def campaign(tmp_path: Path, bus: str, *faults: str) -> tuple[int, dict[str, Any]]:
    """Run a campaign on three nodes."""
    path = tmp_path / "report.json"
    asked = ("--bus", bus, "--faults", ",".join(faults), "--json", str(path))
    done = run_module("tests.cluster", *asked, *SMALL, *BUSY, seconds=280)
    assert path.exists(), done.stderr
    report: dict[str, Any] = json.loads(path.read_text())
    return done.returncode, report


def test_a_killed_node_and_a_node_without_redis_lose_nothing(tmp_path: Path) -> None:
    """Bulletins to the second node are dropped, and it reads their messages from the log. Its
    packets to Redis are lost, where that can be done.
    """
    program("redis-server")
    without = "bus_lost" if why_not() is None else "bus_cut"
    code, report = campaign(tmp_path, "redis", "node_kill:0.5", f"{without}:2.5")
    assert report["wrong"] == [], report["examples"]
    assert code == 0
    assert report["faults"] == {"node_kill": 1, without: 1}
    assert report["acknowledged_of_who_never_repeats"] > 10
    assert report["came_from_another_node"] > report["stored"] / 2
    assert report["logged"]["bus_lost"] > 0


def test_a_node_that_gets_no_notices_reads_the_log(tmp_path: Path) -> None:
    """For longer than a device may wait for a message."""
    code, report = campaign(tmp_path, "postgres", "bus_silent:11")
    assert report["wrong"] == [], report["examples"]
    assert code == 0
    assert report["faults"] == {"bus_silent": 1}
    assert report["logged"]["apart"] > 0
    assert report["logged"]["message_found"] > 0
