"""Debian's PgBouncer in front of a Postgres, with its default settings."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
CONFIG = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = any
pool_mode = {mode}
"""


@contextmanager
def pooler(dsn: str, folder: Path, mode: str) -> Iterator[str]:
    """The DSN of the same database through a pooler; `mode`: what it pools."""
    program = shutil.which("pgbouncer", path=SEARCHED)
    if program is None:
        pytest.skip("pgbouncer is not installed")
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    config = folder / "pgbouncer.ini"
    host = options.get("host", [parts.hostname or "localhost"])[0]
    port = options.get("port", [parts.port or 5432])[0]
    config.write_text(
        CONFIG.format(host=host, port=port, user=parts.username, folder=folder, mode=mode)
    )
    command = [program, str(config)]
    if os.getuid() == 0:  # it refuses to run as root
        owner = Path(host).owner() if Path(host).is_dir() else "nobody"
        shutil.chown(folder, owner)
        command += ["-u", owner]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            while not _accepts(folder / ".s.PGSQL.6432"):
                assert process.poll() is None, "pgbouncer ended by itself"
            yield f"postgresql://{parts.username}@{parts.path}?host={folder}&port=6432"
        finally:
            process.kill()


def _accepts(path: Path) -> bool:
    """Whether it accepts connections: the file of the socket is made before that."""
    with socket.socket(socket.AF_UNIX) as ours:
        return ours.connect_ex(str(path)) == 0
