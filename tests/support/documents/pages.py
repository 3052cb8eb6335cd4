"""The pages of the documentation as data: headings, links and tables.

Guarantees: an anchor is spelt as GitHub and most renderers spell it.
Must not know: what a page documents.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]))

_HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_CODE_BLOCK: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """The path within the repository."""
    return path.relative_to(ROOT).as_posix()


def anchor(heading: str) -> str:
    """The anchor of a heading: `## Coming back: resume` is `#coming-back-resume`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def anchors(page: Path) -> frozenset[str]:
    """Every anchor of a page."""
    text = _CODE_BLOCK.sub("", page.read_text())
    return frozenset(anchor(heading) for _, heading in _HEADING.findall(text))


def links(page: Path) -> Sequence[str]:
    """The targets of a page's links that stay within the repository."""
    return re.findall(r"\]\((?!https?:|mailto:)([^)]+)\)", _CODE_BLOCK.sub("", page.read_text()))


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next one of the same or a higher level.

    Raises:
        LookupError: there is no such heading.
    """
    text = page.read_text()
    found = list(_HEADING.finditer(text))
    for index, match in enumerate(found):
        if match[2] == heading:
            ends = (later.start() for later in found[index + 1 :] if len(later[1]) <= len(match[1]))
            return text[match.end() : next(ends, len(text))]
    raise LookupError(f"{name_of(page)} has no heading {heading!r}")


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its header; [] if there is none."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            break
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code_words(cell: str) -> list[str]:
    """The texts in backticks."""
    return re.findall(r"`([^`]+)`", cell)
