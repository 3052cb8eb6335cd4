"""However the hub ends, its Postgres ends too, even if its processes are stopped."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.programs.processes import until_none_works_in, working_in
from tests.support.stores.embedded import holder


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_hub_ends_postgres_ends_too(data_dir: Path, end: signal.Signals) -> None:
    with holder(data_dir) as process:
        assert working_in(data_dir)
        process.send_signal(end)
        process.wait(20)
        until_none_works_in(data_dir)


def test_stopped_postgres_processes_end_with_the_hub(data_dir: Path) -> None:
    with holder(data_dir) as process:
        for pid in working_in(data_dir / "postgres"):
            os.kill(pid, signal.SIGSTOP)
        process.kill()
        process.wait(20)
        until_none_works_in(data_dir)
