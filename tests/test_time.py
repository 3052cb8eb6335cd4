"""Time in tests: a test that hangs fails and reports where, and later tests run; the mock clock
stands still while a thread works for a task.
"""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

ROOT = Path(__file__).parent.parent
HANGING = """
import threading
import trio

{test}

async def test_another():
    await trio.sleep(0)
"""
ON_A_CLOCK_THAT_STANDS = """
async def test_it(mock_clock):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(somebody_waits)

async def somebody_waits():
    await trio.sleep(5)
"""
WITHOUT_TRIO = """
def test_it():
    somebody_waits()

def somebody_waits():
    threading.Event().wait()
"""
IN_A_FIXTURE = """
import pytest

@pytest.fixture
async def late():
    yield
    await somebody_waits()

async def test_it(late):
    pass

async def somebody_waits():
    await trio.sleep_forever()
"""


@pytest.mark.parametrize(
    "test",
    [ON_A_CLOCK_THAT_STANDS, WITHOUT_TRIO, IN_A_FIXTURE],
    ids=["on a clock that stands", "without trio", "in a fixture"],
)
def test_a_test_that_hangs_reports_where(tmp_path: Path, test: str) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING.format(test=test))
    plugins = ["-p", "no:schemathesis", "-p", "tests.support.timing.time_limit"]
    options = [*plugins, "-o", "trio_mode=true", "--timeout=0.5"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), *options, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 1 passed" in result.stdout, result.stdout + result.stderr
    assert "the test took longer than 0.5 s" in result.stdout
    assert "in somebody_waits" in result.stdout


async def test_no_time_passes_while_a_thread_works(autojump_clock: MockClock) -> None:
    began = threading.Event()

    async def look() -> None:
        """End the work once all tasks wait, when a clock that jumps would have jumped."""
        await trio.testing.wait_all_tasks_blocked()
        began.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1_000)
        nursery.start_soon(look)
        await trio.to_thread.run_sync(began.wait)
        assert trio.current_time() == 0
        nursery.cancel_scope.cancel()


async def test_time_passes_once_the_thread_has_ended(autojump_clock: MockClock) -> None:
    await trio.to_thread.run_sync(int)
    await trio.sleep(1_000)
    assert trio.current_time() == 1_000
