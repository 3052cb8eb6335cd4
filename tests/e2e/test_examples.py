"""Every program of docs/examples runs, and does what its page says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.support.clients.websocket import open_websocket
from tests.support.documents.pages import ROOT, code_words, rows
from tests.support.programs.command import listening
from tests.support.programs.hub_process import open_folder, run_hub

EXAMPLES = ROOT / "docs/examples"
GREETINGS = {"engineio_echo": "/engine.io/", "socketio_echo": "/socket.io/"}
PATHS = ("/ws", "/ws/chat", "/messagepal")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


def test_the_page_lists_every_program() -> None:
    table = rows((EXAMPLES / "README.md").read_text())
    commands = {code_words(row[1])[0].split()[4] for row in table}
    programs = {path for path in EXAMPLES.glob("*.py") if "__main__" in path.read_text()}
    assert commands == {f"docs.examples.{path.stem}" for path in programs}


async def test_a_message_sent_in_one_dialect_arrives_in_all(data_dir: Path) -> None:
    with run_hub(data_dir) as hub:
        result = await trio.run_process(
            [sys.executable, "-m", "docs.examples.crossing", hub.url],
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
    output = result.stdout.decode()
    assert result.returncode == 0, output
    assert re.findall(r"^ann sends on (\S+)$", output, re.MULTILINE) == list(PATHS)
    received = re.findall(r"^  ben receives on (\S+) .*from (\S+)\"", output, re.MULTILINE)
    assert received == [(theirs, mine) for mine in PATHS for theirs in PATHS]


async def test_every_websocket_message_comes_back() -> None:
    with listening("docs.examples.ws_echo") as (_, port):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            socket = await open_websocket(stream, "/any/path")
            await socket.send({"hello": "€"})
            assert await socket.receive() == {"hello": "€"}


@pytest.mark.parametrize("name", GREETINGS)
@pytest.mark.parametrize("package", ["docs.examples", "tests.apps"])
async def test_an_engine_session_opens_under_both_names(name: str, package: str) -> None:
    with listening(f"{package}.{name}") as (_, port):
        path = f"{GREETINGS[name]}?EIO=4&transport=websocket"
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            socket = await open_websocket(stream, path)
            opened = await socket.receive_text()
    assert json.loads(opened.removeprefix("0"))["upgrades"] == []
