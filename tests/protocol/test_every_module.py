"""A module's test is found by its name."""

import ast
from pathlib import Path

import pytest

from tests.support.documents.pages import ROOT

MODULES = sorted(path for path in (ROOT / "protocol").rglob("*.py") if path.stem != "__init__")


def has_behaviour(path: Path) -> bool:
    """Whether a module does anything, and is not only declarations and tables."""
    tree = ast.parse(path.read_text())
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix().removesuffix(".py")
)
def test_a_module_that_does_something_has_a_test_of_its_name(path: Path) -> None:
    place = path.relative_to(ROOT / "protocol")
    test = ROOT / "tests/protocol" / place.parent / f"test_{path.name}"
    assert test.exists() or not has_behaviour(path)
