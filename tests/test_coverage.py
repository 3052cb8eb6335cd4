"""The floor of coverage only rises."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
FLOOR: Final = "fail_under"


def test_the_floor_is_the_highest_so_far() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    floor: float = pyproject["tool"]["coverage"]["report"][FLOOR]
    log = subprocess.run(
        ["git", "log", "-p", f"-G{FLOOR}", "--format=", "--", "pyproject.toml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    before = re.findall(rf"^\+{FLOOR} = ([\d.]+)", log.stdout, re.MULTILINE)
    assert floor >= max([floor, *map(float, before)])
