"""The page in Chromium, on a real hub: what a person does with it."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.clients.frames import TEXT, client_frame
from tests.support.programs.completions import model_server
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import require_node, run_node

CHROMIUM = Path("/usr/bin/chromium")
HISTORY = 2_000


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed, so the page cannot be opened")
    require_node()
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[HubProcess]:
    rates = ("--user-messages-per-second", "100000", "--login-attempts-per-address", "1000")
    flags = ("--demo", *rates, "--presence-grace", "1")
    with run_hub(folder / "shared", *flags) as hub:
        yield hub


async def test_two_people_talk(hub: HubProcess) -> None:
    await play("talk", hub, await pair(hub, "talk"))


async def test_whatever_is_written_stays_text(hub: HubProcess) -> None:
    await play("text", hub, await pair(hub, "text"))


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("tabs", id="one person in every tab"),
        pytest.param("channelSession", id="one sign-in for channels too"),
        pytest.param("door", id="what the door says"),
        pytest.param("broken", id="an old browser, and what is broken"),
        pytest.param("composing", id="nothing that was written is lost"),
        pytest.param("phone", id="on a phone"),
        pytest.param("unread", id="what is unread"),
        pytest.param("list", id="a list that changes under the hand"),
        pytest.param("desktop", id="how it looks on a desktop"),
        pytest.param("settings", id="name and password"),
        pytest.param("touch", id="how it looks on the smallest phone"),
    ],
)
async def test_the_page(hub: HubProcess, flow: str) -> None:
    await play(flow, hub, await pair(hub, flow.lower()))


async def test_files_and_answers(hub: HubProcess) -> None:
    await play("files", hub, await pair(hub, "files"))


async def test_a_clock_that_is_wrong(hub: HubProcess) -> None:
    await play("clock", hub, await pair(hub, "clock"))


async def test_notifications_for_who_asked(hub: HubProcess) -> None:
    await play("notifications", hub, await pair(hub, "notify"))


async def test_what_is_not_allowed_says_so(hub: HubProcess) -> None:
    await play("permissions", hub, await pair(hub, "permissions"))


async def test_people_and_the_assistant_talk_in_a_channel(folder: Path) -> None:
    """The assistant is a server of ours that speaks the protocol; it answers when it is told to."""
    async with model_server() as model:
        model.manner, model.answer = "hangs", ("In ", "June.")
        flags = ("--demo", "--assistant-url", model.url, "--assistant-model", "test")
        with run_hub(folder / "school", *flags) as hub:
            links = guest_links(hub)
            given = json.dumps({"guests": [links["ann"], links["ben"]]})
            async with run_node("browser/run.mjs", "channels", hub.url, given) as browser:
                assert await browser.happened() == {"want": "answer"}
                model.proceed.set()
                await browser.tell("answered")
                assert await browser.end() == 0


async def test_sign_up_sign_in_and_a_session_that_ends(hub: HubProcess) -> None:
    given = json.dumps({"link": guest_links(hub)["ann"]})
    async with run_node("browser/run.mjs", "signIn", hub.url, given) as browser:
        asked = await browser.happened()
        assert asked["want"] == "end"
        assert (await hub.call("POST", "/api/auth/logout", cookie=asked["cookie"])).status == 200
        await browser.tell("ended")
        assert await browser.end() == 0


async def test_a_long_history_scrolls_without_jumps(hub: HubProcess) -> None:
    given = await pair(hub, "history")
    async with hub.open(given["ben"]) as socket:
        for number in range(HISTORY):
            frame = {
                "type": "private_message",
                "recipient_id": given["ann_id"],
                "content": str(number),
            }
            await socket.stream.send_all(client_frame(TEXT, json.dumps(frame).encode()))
        for _ in range(HISTORY):
            await socket.receive_type("private_message")
    await play("history", hub, {**given, "total": HISTORY})


async def test_what_is_written_while_the_hub_is_away_is_sent_once(folder: Path) -> None:
    with ExitStack() as stack:
        hub = stack.enter_context(run_hub(folder / "own"))
        given = await pair(hub, "restart")
        async with run_node("browser/run.mjs", "restart", hub.url, json.dumps(given)) as browser:
            for wanted in ("stop", "start") * 2:
                assert await browser.happened() == {"want": wanted}
                if wanted == "stop":
                    hub.process.send_signal(signal.SIGTERM)
                    assert await trio.to_thread.run_sync(hub.process.wait, 20) == 0
                else:
                    hub = stack.enter_context(run_hub(folder / "own", port=hub.port))
                await browser.tell(wanted)
            assert await browser.end() == 0


async def pair(hub: HubProcess, flow: str) -> dict[str, Any]:
    """Two people for a flow of their own."""
    (ann_id, ann), (ben_id, ben) = [await hub.sign_up(f"{name}{flow}") for name in ("ann", "ben")]
    bens = (await hub.call("GET", f"/api/users/{ben_id}", cookie=ann)).json
    return {
        "ann": ann,
        "ann_id": ann_id,
        "ben": ben,
        "ben_id": ben_id,
        "username": bens["username"],
        "name": bens["name"],
    }


def guest_links(hub: HubProcess) -> dict[str, str]:
    """The links that `--demo` prints, by the name of whom they sign in."""
    assert hub.process.stdout is not None
    links: dict[str, str] = {}
    for line in hub.process.stdout:
        if found := re.search(r"\S+/#enter=(\w+):\S+", line):
            links[found[1]] = found[0]
        if links.keys() == {"ann", "ben"}:
            return links
    raise AssertionError(f"the hub ended, and had printed {links}")


async def play(flow: str, hub: HubProcess, given: dict[str, Any]) -> None:
    async with run_node("browser/run.mjs", flow, hub.url, json.dumps(given)) as browser:
        assert await browser.end() == 0
