"""The JavaScript SDK in Node, against a real hub."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import require_node, run_node
from tests.support.programs.processes import until_none_works_in
from tests.support.stores.databases import Databases, restore


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    require_node()
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[HubProcess]:
    with run_hub(folder / "shared", "--joining", "at_once") as hub:
        yield hub


async def pair(hub: HubProcess, flow: str) -> dict[str, Any]:
    """Two users for a flow of their own, whose first message is no message request."""
    (ann_id, ann), (ben_id, ben) = [await hub.sign_up(f"{name}{flow}") for name in ("ann", "ben")]
    await hub.call("POST", f"/api/users/{ann_id}/follow", cookie=ben)
    return {"ann": ann, "ann_id": ann_id, "ben": ben, "ben_id": ben_id}


@pytest.mark.parametrize(
    "flow", ["talk", "resume", "polling", "revisions", "finding", "files", "threads", "notes"]
)
async def test_flow(hub: HubProcess, flow: str) -> None:
    given = json.dumps(await pair(hub, flow))
    async with run_node("sdk/run.mjs", flow, hub.url, given) as program:
        assert await program.end() == 0


async def test_people_talk_in_a_channel(hub: HubProcess) -> None:
    """With sessions of the learning platform, which the flow opens."""
    people = ("ann", "ben")
    for name in people:
        account = {
            "username": f"{name}-school", "password": "correct horse", "name": name.title(),
            "email": f"{name}-school@example.org", "role": "student",
        }  # fmt: skip
        made = await hub.call("POST", "/learning_platform/api/auth/register", account)
        assert made.status == 201, made.text
    given = {**{name: f"{name}-school" for name in people}, "password": "correct horse"}
    async with run_node("sdk/run.mjs", "channels", hub.url, json.dumps(given)) as program:
        assert await program.end() == 0


async def test_a_refused_message_fails_and_the_end_of_a_session_is_noticed(hub: HubProcess) -> None:
    given = await pair(hub, "refused")
    async with run_node("sdk/run.mjs", "refused", hub.url, json.dumps(given)) as program:
        assert await program.happened() == {"want": "end"}
        assert (await hub.call("POST", "/api/auth/logout", cookie=given["ann"])).status == 200
        await program.tell("ended")
        assert await program.end() == 0


async def test_everything_written_is_stored_once_while_the_hub_is_killed(folder: Path) -> None:
    with ExitStack() as stack:
        hub = stack.enter_context(run_hub(folder / "own"))
        given = json.dumps(await pair(hub, "kill"))
        async with run_node("sdk/run.mjs", "kill", hub.url, given) as program:
            for _ in range(3):
                assert await program.happened() == {"want": "kill"}
                hub.process.send_signal(signal.SIGKILL)
                hub.process.wait()
                until_none_works_in(folder / "own")
                hub = stack.enter_context(run_hub(folder / "own", port=hub.port))
                await program.tell("again")
            assert await program.end() == 0


async def test_after_a_restore_a_client_has_the_messages_of_the_log(
    databases: Databases, folder: Path
) -> None:
    """Messages that the client has not got confirmed are sent once, whether or not the restored log
    has them. The flows run together, because polling clients mostly wait.
    """

    async def go_back(flow: str, left: int) -> None:
        async with databases.migrated() as dsn:
            own = folder / f"{flow}-{left}"
            with run_hub(own, "--database-url", dsn, "--joining", "at_once") as hub:
                given = json.dumps(await pair(hub, "back"))
                async with run_node("sdk/run.mjs", flow, hub.url, given) as program:
                    assert await program.happened() == {"want": "restore"}
                    await restore(dsn, left)
                    await program.tell("restored")
                    assert await program.end() == 0

    async with trio.open_nursery() as nursery:
        for flow in ("wentBack", "wentBackPolling"):
            for left in (3, 5):
                nursery.start_soon(go_back, flow, left)
