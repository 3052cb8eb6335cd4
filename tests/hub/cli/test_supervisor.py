"""What a supervisor is told."""

import os
import socket
from pathlib import Path

import pytest

from hub.cli.supervisor import VARIABLE, Supervisor


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_supervisor_that_listens_is_told(tmp_path: Path, is_abstract: bool) -> None:
    name = (
        f"@parlour-test-{os.getpid()}-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1) if is_abstract else name)
        Supervisor.of({VARIABLE: name}).tell("READY=1\nSTATUS=Ready")
        assert listener.recv(1_000) == b"READY=1\nSTATUS=Ready"


@pytest.mark.parametrize("environ", [{}, {VARIABLE: "/no/such/socket"}])
def test_without_one_nothing_happens(environ: dict[str, str]) -> None:
    Supervisor.of(environ).tell("READY=1")
