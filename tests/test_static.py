"""The linters, formatters and type checkers, as part of the one test command."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs.node import FOLDER, require_node

ROOT = Path(__file__).parent.parent


@pytest.mark.timeout(300)  # the first run has no cache
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "--quiet"], id="lint"),
        pytest.param(["ruff", "format", "--check", "--quiet"], id="format"),
        pytest.param(["mypy"], id="types"),
        pytest.param(["codespell_lib"], id="spelling"),
    ],
)
def test_the_code_is_clean(command: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["biome", "lint", "--error-on-warnings"], id="lint"),
        pytest.param(["biome", "format"], id="format"),
        pytest.param(["tsc", "--project", "hub/web"], id="types"),
        pytest.param(["tsc", "--project", "tests/node"], id="types of the tests"),
    ],
)
def test_the_javascript_is_clean(command: list[str]) -> None:
    """Its types include that the SDK has what parlour.d.ts declares (sdk/declarations.ts)."""
    require_node()
    program, *arguments = command
    result = subprocess.run(
        [FOLDER / "node_modules" / ".bin" / program, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
