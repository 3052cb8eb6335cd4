"""Modules of the JavaScript SDK and of the page without a hub: `node --test` on a mock clock."""

import subprocess
from pathlib import Path

import pytest

from tests.support.programs.node import FOLDER, require_node

FILES = sorted(path for part in ("sdk", "browser") for path in (FOLDER / part).rglob("*.test.mjs"))
assert FILES
SECONDS = 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.partition(".")[0])
def test_unit(file: Path) -> None:
    require_node()
    command = ["node", "--test", f"--test-timeout={SECONDS * 500}", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert result.returncode == 0, result.stdout + result.stderr
