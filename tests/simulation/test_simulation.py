"""The simulation in the normal run: some seeds, and controls that it detects mistakes."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.bugs import BUGS
from tests.support.machine.clocks import needs_faketime, other_clock
from tests.support.programs.command import run_module
from tests.support.stores.memory import new_memory_store

pytestmark = pytest.mark.timeout(300)
SEEDS = 20
SOME_BUGS = (
    "ack_before_commit", "leave_forgotten", "receipts_to_the_blocked", "room_not_left",
    "revision_lost", "resume_without_the_last_revision", "revision_to_the_blocked",
    "revision_acknowledged_early", "rev_counted_twice",
    "search_sees_everything", "search_shows_what_was", "search_misses_the_edited",
    "original_shown_to_everybody", "forwards_what_is_not_seen",
    "replies_to_everybody", "reply_to_a_reply_begins_a_thread", "hidden_threads_are_listed",
    "hidden_counts", "reading_less_ends_unread", "notes_told_nowhere_else", "resume_without_notes",
    "mention_told_across_a_block", "mention_not_taken_back", "mention_stays_with_an_edit",
)  # fmt: skip
BUGS_OF_NODES = (
    "early_not_held_back", "revisions_cross", "silence_unnoticed", "crash_not_repaired",
)  # fmt: skip
SEEDS_UNTIL_FOUND = 80


def report_of(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    path = tmp_path / "report.json"
    done = run_module("tests.simulation", "--json", str(path), *arguments, seconds=280)
    assert path.exists(), done.stderr
    report: dict[str, Any] = json.loads(path.read_text())
    assert done.returncode == (1 if report["broken"] else 0)
    return report


def test_whatever_fails_nothing_is_lost_and_nothing_leaks(tmp_path: Path) -> None:
    report = report_of(tmp_path, "--seeds", str(SEEDS))
    assert report["broken"] == {}
    assert report["seeds"] == SEEDS
    assert report["acknowledged"] > 10 * SEEDS  # the day was not idle
    assert report["changes"] > 5 * SEEDS
    assert report["copies"] > SEEDS / 2
    assert report["mentions"] > 5 * SEEDS
    assert report["found"] > SEEDS
    assert report["notes"] > SEEDS
    assert report["threads"] > 0
    assert report["frames"] > 100 * SEEDS
    assert report["restarts"] > SEEDS / 2


@pytest.mark.parametrize(("nodes", "start", "seeds"), [(2, 0, 7), (2, 7, 7), (3, 14, 6)])
def test_several_nodes_are_as_one(tmp_path: Path, nodes: int, start: int, seeds: int) -> None:
    given = ("--nodes", str(nodes), "--start", str(start), "--seeds", str(seeds))
    report = report_of(tmp_path, *given)
    assert report["broken"] == {}
    assert report["nodes"] == {str(nodes): seeds}
    assert report["acknowledged"] > 6 * seeds
    assert report["changes"] > 3 * seeds
    assert report["frames"] > 100 * seeds
    assert report["restarts"] > 2 * seeds
    assert report["longest_wait"] > 0


def test_mistakes_of_nodes_are_found(tmp_path: Path) -> None:
    until_found = ("--nodes", "3", "--until-broken", "--seeds", str(SEEDS_UNTIL_FOUND))
    report = report_of(tmp_path, "--bug", *BUGS_OF_NODES, *until_found)
    assert report["not_broken_by"] == []


def test_planted_mistakes_are_found(tmp_path: Path) -> None:
    """All with one start of the program, which takes two seconds."""
    until_found = ("--until-broken", "--seeds", str(SEEDS_UNTIL_FOUND))
    report = report_of(tmp_path, "--bug", *SOME_BUGS, *until_found)
    assert report["not_broken_by"] == []


@pytest.mark.parametrize("bug", BUGS)
def test_every_mistake_can_be_planted(bug: str) -> None:
    simulation: Any = SimpleNamespace(
        tables=new_memory_store().messages.tables,  # type: ignore[attr-defined]
        at_crash=[],
    )
    with BUGS[bug](simulation):
        pass


@pytest.mark.parametrize(
    ("bug", "clock", "seconds", "where"),
    [
        ("hub_spins", "real", "4", "in spin"),
        ("taking_waits", "simulated", "30", "in take_something"),
    ],
)
def test_a_seed_that_hangs_counts_as_broken_and_reports_where(
    tmp_path: Path, bug: str, clock: str, seconds: str, where: str
) -> None:
    report = report_of(tmp_path, "--bug", bug, "--seeds", "1", "--real-seconds", seconds)
    problem = report["broken"]["0"]
    assert problem.startswith("hangs")
    assert clock in problem.partition("\n")[0]
    assert where in problem


@needs_faketime
def test_a_seed_is_played_again_exactly_however_busy_the_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For the second run everything takes a thousand times as long."""
    again = ("--start", "7", "--seeds", "2", "--trace")
    first = run_module("tests.simulation", *again, seconds=280).stdout.rpartition("\n{")[0]
    for name, value in other_clock("+0 x1000").items():
        monkeypatch.setenv(name, value)
    second = run_module("tests.simulation", *again, seconds=280).stdout.rpartition("\n{")[0]
    assert first == second
    assert "hub runs" in first
    assert "heard" in first
    assert os.environ.get("PYTHONHASHSEED") != "0"  # the command sees to that itself
