"""The rules of who may import whom, and how large a module may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("protocol", "persistence", "hub")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_LINES = 500

IO_LIBRARIES = {
    "trio", "trio_websocket", "trio_asyncio", "asyncio", "asyncpg", "openai", "socket", "ssl",
    "time", "random", "secrets", "uuid", "logging", "structlog", "os", "sys", "pathlib",
    "starlette",
}  # fmt: skip
ASYNCIO_LIBRARIES = {"asyncio", "asyncpg", "trio_asyncio"}
ASYNCIO_HOMES = ("persistence/postgres/",)
COMPOSITION_ROOTS = {"hub/app.py", "hub/cli"}
REST_ROOM = "hub/rest/routes/"
REST_MODULES = ("conversations", "rest", "shapes")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Each imported module's dotted name, with the statement."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            assert node.module is not None
            yield node.module, node


def imported(path: Path) -> set[str]:
    return {name for name, _ in imports(path)}


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def in_package(package: str) -> list[Path]:
    return [path for path in MODULES if name_of(path).startswith(f"{package}/")]


@pytest.mark.parametrize("path", in_package("protocol"), ids=name_of)
def test_protocol_imports_nothing_above_it_and_no_io(path: Path) -> None:
    assert not roots(path) & ({"persistence", "hub", "tests"} | IO_LIBRARIES)


@pytest.mark.parametrize("path", in_package("persistence"), ids=name_of)
def test_persistence_knows_only_the_model(path: Path) -> None:
    ours = {name for name in imported(path) if name.partition(".")[0] in PACKAGES}
    assert {name for name in ours if not name.startswith("persistence")} <= {"protocol.model"}


@pytest.mark.parametrize("path", in_package("hub"), ids=name_of)
def test_hub_sees_storage_through_its_interface(path: Path) -> None:
    seen = {name for name in imported(path) if name.partition(".")[0] == "persistence"}
    if not name_of(path).startswith(tuple(COMPOSITION_ROOTS)):
        assert seen <= {"persistence.interface", "persistence.records"}


@pytest.mark.parametrize("path", in_package("hub"), ids=name_of)
def test_hub_names_no_dialect(path: Path) -> None:
    named = {name for name in imported(path) if name.startswith("protocol.dialects.")}
    if name_of(path).startswith(REST_ROOM):
        named = {name for name in named if not name.endswith(REST_MODULES)}
    assert not named


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_asyncio_stays_below_the_postgres_store(path: Path) -> None:
    if not name_of(path).startswith(ASYNCIO_HOMES):
        assert not roots(path) & ASYNCIO_LIBRARIES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_stand_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text())
    inner = [
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inner, f"{name_of(path)} imports inside a function"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_stays_readable(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= MAX_LINES
    if source.strip():
        assert ast.get_docstring(ast.parse(source)), f"{name_of(path)} has no docstring"


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=name_of)
def test_helpers_are_not_imported_from_test_modules(path: Path) -> None:
    assert not {name for name in imported(path) if name.rpartition(".")[2].startswith("test_")}
