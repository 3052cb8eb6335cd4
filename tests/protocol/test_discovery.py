"""Dialects are found by their folders, and no two may claim the same path or namespace."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import protocol.dialects
from protocol.discovery import find_dialects

FOLDERS = {
    path.name
    for path in Path(protocol.dialects.__path__[0]).iterdir()
    if (path / "__init__.py").exists()
}


@pytest.fixture
def package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[..., ModuleType]:
    """Makes a package of dialects: keywords are folders, with the source of each."""

    def make(**sources: str) -> ModuleType:
        name = f"made_for_{request.node.name}"
        for folder, source in sources.items():
            (tmp_path / name / folder).mkdir(parents=True)
            (tmp_path / name / folder / "__init__.py").write_text(source)
        (tmp_path / name / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module(name)

    return make


GATEWAY = "from protocol.dialects.gateway import DIALECT"
EVENTS = "from protocol.dialects.channel_messages import DIALECT"


def test_every_folder_is_a_dialect_of_its_name() -> None:
    found = find_dialects(protocol.dialects)
    websocket = {dialect.name for dialect in found.by_path.values()}
    socketio = {dialect.name for dialect in found.by_namespace.values()}
    assert websocket | socketio == FOLDERS
    assert not websocket & socketio


def test_a_dialect_is_found_under_each_of_its_paths() -> None:
    found = find_dialects(protocol.dialects)
    for path, dialect in found.by_path.items():
        assert path in dialect.paths
    assert found.by_path["/messagepal"] is found.by_path["/message"]


def test_another_package_is_searched_as_well(package: Callable[..., ModuleType]) -> None:
    found = find_dialects(package(a=GATEWAY, b=EVENTS))
    assert (list(found.by_path), list(found.by_namespace)) == (["/gateway"], ["/"])


def test_two_dialects_on_one_path_are_refused(package: Callable[..., ModuleType]) -> None:
    with pytest.raises(ValueError, match="/gateway is claimed by gateway, gateway"):
        find_dialects(protocol.dialects, package(a=GATEWAY))


def test_two_dialects_in_one_namespace_are_refused(package: Callable[..., ModuleType]) -> None:
    with pytest.raises(ValueError, match="the namespace / is claimed twice"):
        find_dialects(package(a=EVENTS, b=EVENTS))


def test_a_value_that_is_no_dialect_is_refused(package: Callable[..., ModuleType]) -> None:
    with pytest.raises(TypeError, match="DIALECT fulfils no protocol"):
        find_dialects(package(a="DIALECT = 5"))
