"""What a supervisor is notified of, and what it expects."""

import os
import socket
from pathlib import Path

import pytest
import structlog.testing

from hub.supervision.supervisor import (
    VARIABLE,
    WATCHDOG_MICROSECONDS,
    WATCHDOG_PID,
    Supervisor,
    extension,
)


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_supervisor_that_listens_is_notified(tmp_path: Path, is_abstract: bool) -> None:
    name = (
        f"@parlour-test-{os.getpid()}-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1) if is_abstract else name)
        Supervisor.of({VARIABLE: name}, 1).notify("READY=1\nSTATUS=Ready")
        assert listener.recv(1_000) == b"READY=1\nSTATUS=Ready"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {VARIABLE: ""},
        {VARIABLE: "/no/such/socket"},
        {VARIABLE: "@parlour-test-nobody"},
        {VARIABLE: "/" + "x" * 200},
        {VARIABLE: "vsock:2:1234"},
    ],
)
def test_without_a_reachable_supervisor_nothing_happens(environ: dict[str, str]) -> None:
    Supervisor.of(environ, 1).notify("READY=1")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({WATCHDOG_MICROSECONDS: "1500000"}, 1.5),
        ({WATCHDOG_MICROSECONDS: "1500000", WATCHDOG_PID: "7"}, 1.5),
        ({WATCHDOG_MICROSECONDS: "1500000", WATCHDOG_PID: "8"}, None),
        ({WATCHDOG_MICROSECONDS: "1500000", WATCHDOG_PID: "x"}, None),
        ({WATCHDOG_PID: "7"}, None),
    ],
)
def test_a_watchdog_for_another_process_is_ignored(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert Supervisor.of(environ, 7).watchdog_seconds == seconds


@pytest.mark.parametrize("given", ["", "x", "-1", "0", "1.5", "1e6", "\N{SUPERSCRIPT TWO}"])
def test_an_invalid_watchdog_interval_is_ignored_and_logged(given: str) -> None:
    with structlog.testing.capture_logs() as lines:
        assert Supervisor.of({WATCHDOG_MICROSECONDS: given}, 7).watchdog_seconds is None
    assert [line["event"] for line in lines] == ["watchdog_not_understood"]


def test_more_time_is_requested_in_microseconds() -> None:
    assert extension(1.5) == "EXTEND_TIMEOUT_USEC=1500000"
