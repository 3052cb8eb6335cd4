"""A test that hangs fails and says where, and the ones after it run."""

import subprocess
import sys
from pathlib import Path

import pytest

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
def test_it_says_where_it_hangs(tmp_path: Path, test: str) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING.format(test=test))
    plugins = ["-p", "no:schemathesis", "-p", "tests.support.time_limit"]
    options = [*plugins, "-o", "trio_mode=true", "--timeout=0.5"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), *options, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 1 passed" in result.stdout, result.stdout + result.stderr
    assert "the test took longer than 0.5 s" in result.stdout
    assert "in somebody_waits" in result.stdout
