"""A checkout of next year installs what one of today does: every installed distribution is pinned,
with the hashes of its files.
"""

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
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


def test_the_tests_run_with_the_pinned_packages_of_every_extra() -> None:
    """`uv sync` does not install extras, but the group `dev`."""
    extras = PYPROJECT["project"]["optional-dependencies"].values()
    assert {line for lines in extras for line in lines} <= set(
        PYPROJECT["dependency-groups"]["dev"]
    )


def test_every_installed_distribution_is_pinned_at_its_version() -> None:
    installed = {normal(d.metadata["Name"]): d.version for d in distributions()}
    ours = {name: v for name, v in installed.items() if name not in INSTALLERS | {"parlour"}}
    assert {name: pins().get(name) for name in ours} == ours


ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+))? \\\n"
    r"(?P<hashes>(?:    --hash=.*\n)+)",
    re.MULTILINE,
)
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def locked(path: str) -> dict[str, str]:
    """Name -> version of everything in a file of hashes, which contains nothing else."""
    text = (ROOT / path).read_text()
    entries = list(ENTRY.finditer(text))
    assert "".join(each[0] for each in entries) == text
    assert all(HASH.fullmatch(line) for each in entries for line in each["hashes"].splitlines())
    found = {normal(each["name"]): each["version"] for each in entries}
    elsewhere = {
        normal(each["name"])
        for each in entries
        if re.search("emscripten|win32", each["marker"] or "")
    }
    return {name: v for name, v in found.items() if name not in elsewhere - pins().keys()}


def test_every_pinned_distribution_has_its_hashes_and_nothing_names_a_host() -> None:
    assert pins().items() <= locked("requirements-dev.lock").items()
    needed = locked("requirements.lock")
    assert needed.items() <= pins().items()
    direct = {normal(line.partition("==")[0]) for line in PYPROJECT["project"]["dependencies"]}
    assert direct <= needed.keys()
    assert "pytest" not in needed
