"""Programs in Node with packages from npm, for tests with the clients that frontends use."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.programs.talking import TalkingProgram, run_talking

FOLDER = Path(__file__).parents[2] / "node"


def require_node() -> None:
    """Install the packages that package.json pins, once for all test processes; skip the test where
    there is no Node.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed, so the JavaScript clients cannot run")
    manifest = FOLDER / "package.json"
    wanted = json.loads(manifest.read_text())["dependencies"]
    with manifest.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if {name: _installed(name) for name in wanted} != wanted:
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=FOLDER, check=True, timeout=300)


def _installed(name: str) -> str | None:
    package = FOLDER / "node_modules" / name / "package.json"
    version: str | None = json.loads(package.read_text())["version"] if package.exists() else None
    return version


@asynccontextmanager
async def run_node(
    script: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[TalkingProgram]:
    """Run a script of tests/node; it is killed when the block ends."""
    command = ("node", str(FOLDER / script), *arguments)
    async with run_talking(*command, environment=environment) as program:
        yield program
