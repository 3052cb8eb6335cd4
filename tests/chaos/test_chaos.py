"""The campaign in the normal run, small, and a control that it would notice loss."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.servers.replicated import require_postgres_15
from tests.support.programs.command import run_module
from tests.support.programs.hub_process import first_data

pytestmark = pytest.mark.timeout(300)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    first_data()  # made once for all campaigns
    return run_module("tests.chaos", *arguments, seconds=280)


def campaign(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "report.json"
    done = run("--json", str(path), *arguments)
    assert path.exists(), done.stderr
    report: dict[str, Any] = json.loads(path.read_text())
    return done.returncode, report


def test_kills_pauses_and_cuts_lose_nothing(tmp_path: Path) -> None:
    faults = ("--hub-kills", "1", "--postgres-kills", "1", "--pauses", "1", "--cuts", "2")
    code, report = campaign(tmp_path, *faults, "--sends", "150", "--pairs", "2")
    for wrong in ("lost", "duplicated", "out_of_order", "undelivered", "refused"):
        assert report[wrong] == 0, report["examples"]
    assert code == 0
    assert report["acknowledged"] >= 6 * 150
    for changes in ("edits", "reactions", "deletions"):
        assert report[f"{changes}_acknowledged"] > 3


def test_a_postgres_that_confirms_too_early_is_detected(tmp_path: Path) -> None:
    faults = ("--hub-kills", "2", "--postgres-kills", "0", "--pauses", "0", "--cuts", "0")
    code, report = campaign(tmp_path, "--unsafe", *faults, "--sends", "300", "--pairs", "2")
    assert report["lost"]
    assert code == 1


def test_a_campaign_that_hangs_ends_with_its_seed_and_the_stacks() -> None:
    faults = ("--hub-kills", "0", "--postgres-kills", "0", "--pauses", "0", "--cuts", "0")
    done = run(*faults, "--sends", "1000000000", "--pairs", "1", "--patience", "1", "--seed", "5")
    assert done.returncode == 1
    assert "seed 5" in done.stderr
    assert "of 1000000000 confirmed" in done.stderr
    assert "task tests.chaos.people.writers.Writer.live" in done.stderr


def test_rights_are_taken_while_a_user_with_many_conversations_turns_private(
    tmp_path: Path,
) -> None:
    """Whether it measures, not how long it took."""
    path = tmp_path / "report.json"
    amounts = ("--changes", "4", "--conversations", "300", "--json", str(path))
    run_module("tests.chaos.revocation", *amounts, seconds=280)
    report: dict[str, Any] = json.loads(path.read_text())
    assert report["changes"] == 4
    assert report["closed_meanwhile"] >= 150


def test_after_a_failover_or_a_restore_no_client_keeps_a_wrong_position(tmp_path: Path) -> None:
    """To a standby that is behind; one that is not behind is in tests/hub/test_failover.py."""
    require_postgres_15()
    path = tmp_path / "report.json"
    faults = ("--failovers", "1", "--restores", "1", "--asynchronous")
    amounts = ("--sends", "60", "--pairs", "1", "--json", str(path))
    done = run_module("tests.chaos.failover", *faults, *amounts, seconds=280)
    report: dict[str, Any] = json.loads(path.read_text())
    assert done.returncode == 0, report["examples"]
    assert report["lost_untold"] == report["undelivered"] == 0


def test_a_backup_has_everything_acknowledged_before_it_began(tmp_path: Path) -> None:
    """And nothing of a killed backup or restore is used."""
    first_data()
    path = tmp_path / "report.json"
    amounts = ("--backups", "1", "--kills", "1", "--sends", "30", "--pairs", "2")
    done = run_module("tests.chaos.backups", *amounts, "--json", str(path), seconds=280)
    assert path.exists(), done.stderr
    report = json.loads(path.read_text())
    assert done.returncode == 0, report
    assert report["files"] > 0
    assert report["started_over"] == 1
