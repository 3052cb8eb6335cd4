"""The log lines about refused connections."""

import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from hub.sockets.refusals import REPORT_SECONDS, Reason, Refusals


async def test_many_refused_connections_make_few_log_lines(autojump_clock: MockClock) -> None:
    refusals = Refusals()
    with capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(refusals.report)
            for number in range(1_000):
                refusals.note(f"192.0.2.{number % 250}", Reason.TOO_MANY)
                await trio.sleep(REPORT_SECONDS / 500)
            refusals.note("192.0.2.7", Reason.TOO_FAST)
            await trio.sleep(2 * REPORT_SECONDS)
            nursery.cancel_scope.cancel()
    assert len(logs) <= 4
    assert logs[0]["too_many"] == 1
    assert sum(each.get("too_many", 0) for each in logs) == 1_000
    assert (logs[-1]["too_fast"], logs[-1]["latest_peer"]) == (1, "192.0.2.7")
