"""The embedded Postgres in tests: a process that runs it, and one statement on it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from persistence.postgres.database.bridge import open_asyncio
from tests.support.stores.databases import execute

HOLDER = [sys.executable, "-m", "tests.support.stores.postgres_server"]


@contextmanager
def holder(data_dir: Path, own_temporary: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    """Another process that runs the server, up to its DSN.

    Args:
        data_dir: its data folder.
        own_temporary: a folder for its temporary files, which other processes do not see, as with
            systemd's PrivateTmp. Only root may do that.
    """
    command, environment = [*HOLDER, str(data_dir)], dict(os.environ)
    if own_temporary is not None:
        environment["TMPDIR"] = str(own_temporary)
        script = f'mount -t tmpfs none {own_temporary} && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", script, "-", *command]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        try:
            yield process
        finally:
            process.kill()


async def ask(dsn: str, sql: str) -> object:
    async with open_asyncio():
        return await execute(dsn, sql)
