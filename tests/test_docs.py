"""The documentation names what is there: files, anchors, classes, endpoints."""

import re
from pathlib import Path
from typing import Final

import pytest

from hub.rest.app import discover
from tests.support.pages import PAGES, ROOT, anchors, links, name_of

SOURCES: Final = tuple(
    sorted(
        path
        for folder in ("hub", "protocol", "persistence", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".js", ".mjs", ".ts", ".txt"}
    )
)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_anchors_that_exist(page: Path) -> None:
    assert not [link for link in links(page) if not leads_somewhere(page, link)]


def test_source_refers_to_pages_and_anchors_that_exist() -> None:
    references = [
        (name_of(source), reference)
        for source in SOURCES
        for reference in re.findall(r"docs/[\w./-]+\.md(?:#[\w-]+)?", source.read_text())
    ]
    assert references
    readme = ROOT / "README.md"
    assert not [each for each in references if not leads_somewhere(readme, each[1])]


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether what a page links to exists: a file, and in it the anchor."""
    file, _, name = link.partition("#")
    target = (page.parent / file) if file else page
    return target.exists() and (not name or name in anchors(target))


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
    # the messenger's calls exist below two prefixes; its page says so and shows one
    paths = {
        endpoint.path.replace("/api/message/", "/api/messagepal/") for _, endpoint in discover()
    }
    assert {path for path in paths if path in pages} == paths
