"""Who uses the page: signing in and out, rights, settings."""

import json

import pytest

from tests.support.programs.hub_process import HubProcess
from tests.support.programs.node import run_node
from tests.support.programs.page import FLOWS, guest_links, pair, play


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("tabs", id="one person in every tab"),
        pytest.param("channelSession", id="one sign-in for channels too"),
        pytest.param("door", id="what the door says"),
        pytest.param("settings", id="name and password"),
    ],
)
async def test_who_is_here(hub: HubProcess, flow: str) -> None:
    await play(flow, hub, await pair(hub, flow.lower()))


async def test_what_is_not_allowed_says_so(hub: HubProcess) -> None:
    await play("permissions", hub, await pair(hub, "permissions"))


async def test_sign_up_sign_in_and_a_session_that_ends(hub: HubProcess) -> None:
    given = json.dumps({"link": guest_links(hub)["ann"]})
    async with run_node(FLOWS, "signIn", hub.url, given) as browser:
        asked = await browser.happened()
        assert asked["want"] == "end"
        assert (await hub.call("POST", "/api/auth/logout", cookie=asked["cookie"])).status == 200
        await browser.tell("ended")
        assert await browser.end() == 0
