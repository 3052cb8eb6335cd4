"""What an operating system and those who run it do to a hub: readers of logs that stand still."""

import fcntl
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs.hub_process import HubProcess, open_folder, run_hub

PIPE_BYTES = 4_096  # the least that a pipe may hold


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


async def talk(hub: HubProcess, count: int) -> None:
    """Two people meet; one of them comes and goes, of which each time two lines are logged."""
    (_, anns), (ben, _) = await hub.sign_up("ann"), await hub.sign_up("ben")
    for n in range(count):
        async with hub.open(anns) as socket:
            sent = await hub.call("POST", f"/api/messages/{ben}", {"content": str(n)}, anns)
            assert sent.status == 201, sent.text
            await socket.receive_type("private_message")


async def test_a_log_that_nobody_reads_any_more_ends_nothing(data_dir: Path) -> None:
    with run_hub(data_dir, "--log-level", "debug") as hub:
        assert hub.process.stderr is not None
        hub.process.stderr.close()
        await talk(hub, 3)
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0


async def test_a_log_whose_reader_stands_still_holds_nobody_up(data_dir: Path) -> None:
    """What was logged meanwhile is read later."""
    with run_hub(data_dir, "--log-level", "debug") as hub:
        assert hub.process.stderr is not None
        fcntl.fcntl(hub.process.stderr, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        rounds = PIPE_BYTES // 50
        await talk(hub, rounds)
        seen = 0
        while seen < rounds:
            seen += "client_disconnected" in hub.process.stderr.readline()
        assert (await hub.call("GET", "/readyz")).status == 200
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(20) == 0
