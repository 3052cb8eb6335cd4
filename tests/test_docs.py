"""The documentation names what is there."""

import re
from pathlib import Path

import pytest

from hub.rest.app import discover

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_that_is_named_exists(page: Path) -> None:
    """`Class.method` and file names in text are real."""
    source = "\n".join(
        path.read_text()
        for package in ("hub", "protocol", "persistence")
        for path in (ROOT / package).rglob("*.py")
    )
    for owner, member in re.findall(r"`([A-Z]\w+)\.(\w+)`", page.read_text()):
        assert f"class {owner}" in source, owner
        assert re.search(rf"def {member}\b", source), f"{owner}.{member}"


def test_every_endpoint_is_described() -> None:
    pages = "\n".join(page.read_text() for page in PAGES)
    paths = {endpoint.path for _, endpoint in discover()}
    assert {path for path in paths if path in pages} == paths
