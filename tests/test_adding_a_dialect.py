"""The dialect of docs/adding-a-dialect.md is the one that the page shows, and is served."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import docs.examples.new_dialect.dialects
import docs.examples.new_dialect.routes
import hub.rest.routes
import protocol.dialects
from persistence.interface import Store
from protocol.discovery import find_dialects
from tests.support.clients.websocket import open_websocket
from tests.support.documents.pages import ROOT
from tests.support.world import World, open_world

EXAMPLE = ROOT / "docs/examples/new_dialect"
PAGE = ROOT / "docs/adding-a-dialect.md"
PLACES = {"dialects": "protocol/dialects", "routes": "hub/rest/routes"}
"""The places in the source tree of the folders of the example."""


def files_on_the_page() -> dict[str, str]:
    """Path in the source tree -> the code that the page shows for it."""
    blocks = re.findall(
        r"^`([\w/.]+)`:\n\n```python\n(.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    return dict(blocks)


def files_of_the_example() -> dict[str, str]:
    """The same from the files that the tests below serve."""
    found = {}
    for folder, place in PLACES.items():
        for path in (EXAMPLE / folder).rglob("*.py"):
            name = path.relative_to(EXAMPLE / folder).as_posix()
            if name != "__init__.py":
                found[f"{place}/{name}"] = in_the_tree(path.read_text())
    return found


def in_the_tree(source: str) -> str:
    """A file of the example with the imports that it has in the source tree."""
    for folder, place in PLACES.items():
        module = place.replace("/", ".")
        source = source.replace(f"docs.examples.new_dialect.{folder}", module)
    return source


@pytest.fixture
async def world(memory_store: Store) -> AsyncIterator[World]:
    """A hub that serves the example besides its own dialects."""
    dialects = find_dialects(protocol.dialects, docs.examples.new_dialect.dialects)
    routes = (hub.rest.routes, docs.examples.new_dialect.routes)
    async with open_world(memory_store, dialects=dialects, routes=routes) as world:
        yield world


def test_the_page_shows_the_files_of_the_example() -> None:
    shown, real = files_on_the_page(), files_of_the_example()
    assert shown.keys() == real.keys()
    for path, source in real.items():
        assert shown[path] == source, path


FIND = """
import json, sys
import hub.rest.routes, protocol.dialects
from hub.rest.app import discover
from protocol.discovery import find_dialects

paths = list(find_dialects(protocol.dialects).by_path)
calls = [claim.paths[0] for claim in discover(hub.rest.routes)]
print(json.dumps({"at": protocol.__path__[0], "paths": paths, "calls": calls}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree in which the code of the page is one more dialect, `/murmur`."""
    tree = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "planted")
    for each in ("protocol", "persistence", "hub", "docs", "tests"):
        shutil.copytree(ROOT / each, tree / each, ignore=ignored)
    for file in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        shutil.copy(ROOT / file, tree)
    for path, source in files_on_the_page().items():
        new = tree / renamed(path)
        new.parent.mkdir(exist_ok=True)
        new.write_text(renamed(source))
    return tree


def renamed(text: str) -> str:
    """The example under another name: under its own, tests run it in docs/examples."""
    return text.replace("whisper", "murmur").replace("Whisper", "Murmur")


def run(tree: Path, *arguments: str) -> str:
    """The output of a Python program that is run in a folder, and that must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_in_the_source_tree_no_other_file_needs_a_change(tree: Path) -> None:
    seen = json.loads(run(tree, "-c", FIND))
    assert Path(seen["at"]) == tree / "protocol"
    assert "/murmur" in seen["paths"]
    assert "/api/murmurs/{user_id}" in seen["calls"]


def test_the_code_of_the_page_is_as_ruff_wants_it(tree: Path) -> None:
    files = [renamed(path) for path in files_on_the_page()]
    run(tree, "-m", "ruff", "check", "--no-cache", *files)
    run(tree, "-m", "ruff", "format", "--no-cache", "--check", *files)


def test_the_tests_of_every_dialect_pass_with_it(tree: Path) -> None:
    """The tests of its own page, which is not written yet, are left out."""
    every = ("tests/protocol/dialects/test_every_dialect.py", "tests/hub/test_every_socket.py")
    chosen = "test_every_dialect or test_every_socket or (rest_ and not [murmur])"
    options = ("-n0", "-q", "-p", "no:cacheprovider", "-k", chosen)
    run(tree, "-m", "pytest", *options, *every, "tests/test_docs.py")


async def test_it_is_served_over_websocket_beside_the_others(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    anns = await open_websocket(world.connect(), "/whisper", Cookie=ann.cookie)
    bens = await ben.open("/ws")
    assert await anns.receive_text() == "hello ann"
    await bens.send({"type": "typing_indicator", "recipient_id": ann.id, "is_typing": True})
    assert await anns.receive_text() == str(ben.id)
    await anns.send_text(f"{ben.id} hi there")
    assert await anns.receive_text() == f"{ann.id} hi there"
    message = (await bens.receive_type("private_message"))["message"]
    assert (message["sender_id"], message["content"]) == (ann.id, "hi there")
    await anns.send_text("?")
    assert await anns.receive_text() == "no invalid_field"
    await anns.close_in_silence()
    await bens.close_in_silence()


@pytest.mark.parametrize(
    ("cookie", "line"),
    [("", "no no_session"), ("session_token=unknown", "no invalid_session")],
)
async def test_it_refuses_a_peer_without_a_session_with_its_own_texts(
    world: World, cookie: str, line: str
) -> None:
    socket = await open_websocket(world.connect(), "/whisper", Cookie=cookie)
    assert await socket.receive_text() == line
    end = await socket.closed()
    assert (end.code, end.reason) == (4001, "Who are you?")


@pytest.mark.parametrize("prefix", ["", "/whisper"])
async def test_its_rest_calls_are_served_in_its_spelling(world: World, prefix: str) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await ann.call("POST", f"/api/messages/{ben.id}", {"content": "hi"})
    path = f"{prefix}/api/whispers/{ann.id}"
    assert (await ben.call("GET", path)).json == {"lines": [f"{ann.id} hi"]}
    stranger = await world.call("GET", path)
    assert (stranger.status, stranger.json["no"]) == (401, "not_signed_in")
    nobody = await ben.call("GET", f"{prefix}/api/whispers/x")
    assert (nobody.status, nobody.json["no"]) == (400, "invalid_field")


async def test_its_calls_are_documented(world: World) -> None:
    document = (await world.call("GET", "/openapi.json")).json
    call = document["paths"]["/api/whispers/{user_id}"]["get"]
    assert call["tags"] == ["whisper"]
    assert set(call["responses"]) == {"200", "400", "401", "403", "404", "429", "503"}
