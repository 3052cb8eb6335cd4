"""What a worker's parent reads from its reports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.supervision.reports import Reports, open_reports
from hub.supervision.supervisor import Supervisor


@asynccontextmanager
async def heard(path: Path) -> AsyncIterator[Reports]:
    with open_reports(path) as reports:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reports.listen, trio.lowlevel.ParkingLot())
            yield reports
            nursery.cancel_scope.cancel()


async def test_a_worker_is_ready_when_it_reports_so(tmp_path: Path) -> None:
    async with heard(tmp_path / "notify") as reports:
        Supervisor(str(tmp_path / "notify")).notify("READY=1\nSTATUS=Ready")
        await reports.ready.wait()
    assert not (tmp_path / "notify").exists()


async def test_the_reason_why_a_worker_waits_is_kept(tmp_path: Path, mock_clock: MockClock) -> None:
    worker = Supervisor(str(tmp_path / "notify"))
    async with heard(tmp_path / "notify") as reports:
        mock_clock.jump(5)
        worker.notify("STATUS=Waiting for the database\nWATCHDOG=1\nEXTEND_TIMEOUT_USEC=3")
        while not reports.waiting:
            await wait_all_tasks_blocked()
        assert reports.waiting == "STATUS=Waiting for the database\nEXTEND_TIMEOUT_USEC=3"
        assert reports.heard_at == trio.current_time()
        worker.notify("\udce4\x00".encode("utf-8", "surrogateescape").decode("latin-1"))
        assert not reports.ready.is_set()
