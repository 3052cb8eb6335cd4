"""Next year's checkout installs what today's does: every installed distribution is pinned."""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

PYPROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
INSTALLERS = {"pip", "setuptools", "uv", "wheel"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Name -> version of everything pyproject.toml pins."""
    lines = [
        *PYPROJECT["project"]["dependencies"],
        *(line for group in PYPROJECT["dependency-groups"].values() for line in group),
        *PYPROJECT["tool"]["uv"]["constraint-dependencies"],
    ]
    pinned: dict[str, str] = {}
    for line in lines:
        name, equals, version = line.partition("==")
        assert equals, f"{line} is not pinned"
        pinned[normal(name)] = version.partition(";")[0]
    return pinned


def test_every_installed_distribution_is_pinned_at_its_version() -> None:
    installed = {normal(d.metadata["Name"]): d.version for d in distributions()}
    ours = {name: v for name, v in installed.items() if name not in INSTALLERS | {"parlour"}}
    assert {name: pins().get(name) for name in ours} == ours
