"""The embedded Postgres in tests: a process that runs it, and one statement on it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trio_asyncio

from tests.support.stores.databases import execute

HOLDER = [sys.executable, "-m", "tests.support.stores.postgres_server"]


@contextmanager
def holder(data_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that runs the server, up to its DSN."""
    with subprocess.Popen(
        [*HOLDER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        try:
            yield process
        finally:
            process.kill()


async def ask(dsn: str, sql: str) -> object:
    async with trio_asyncio.open_loop():
        return await execute(dsn, sql)
