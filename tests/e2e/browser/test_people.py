"""The users of the page: signing in and out, rights, settings."""

import json
import socket
from pathlib import Path

import pytest
import trio

from persistence.interface import Identity, Store
from persistence.records import NewUser
from tests.support.browser.chromium import run_in_chromium
from tests.support.browser.page import FLOWS, guest_links, pair, play
from tests.support.clients.http import request
from tests.support.oidc.provider import CLIENT_ID, CLIENT_SECRET, oidc_provider
from tests.support.programs.hub_process import HubProcess
from tests.support.programs.server import serve


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("tabs", id="one person in every tab"),
        pytest.param("channelSession", id="one sign-in for channels too"),
        pytest.param("door", id="what the door says"),
        pytest.param("settings", id="name and password"),
    ],
)
async def test_signing_in_and_settings(hub: HubProcess, flow: str) -> None:
    await play(flow, hub, await pair(hub, flow.lower()))


async def test_a_provider_signs_people_in(folder: Path, memory_store: Store) -> None:
    async with oidc_provider() as provider:
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        settings = {
            "public_url": url,
            "registration": "closed",
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_name": "our school",
        }
        async with (
            serve(memory_store, port=port, **settings),
            run_in_chromium(FLOWS, "provider", url, json.dumps({"name": "Ann Lee"})) as browser,
        ):
            assert (await browser.happened())["want"] == "an account"
            identity = Identity(provider.url, str(provider.claims["sub"]))
            new = NewUser("Ann Lee", "none", called="ann", identity=identity)
            await memory_store.accounts.create(new)
            await browser.tell("made")
            assert await browser.end() == 0


async def test_messages_of_strangers_wait_for_a_decision(hub: HubProcess) -> None:
    await play("requests", hub, await pair(hub, "strangers", strangers=True))


async def test_the_page_shows_that_something_is_not_allowed(hub: HubProcess) -> None:
    await play("permissions", hub, await pair(hub, "permissions", strangers=True))


async def test_sign_up_sign_in_and_a_session_that_ends(hub: HubProcess) -> None:
    given = json.dumps({"link": guest_links(hub)["ann"]})
    async with run_in_chromium(FLOWS, "signIn", hub.url, given) as browser:
        asked = await browser.happened()
        assert asked["want"] == "end"
        assert (await hub.call("POST", "/api/auth/logout", cookie=asked["cookie"])).status == 200
        await browser.tell("ended")
        assert await browser.end() == 0


async def test_the_page_shows_what_the_operator_does(hub: HubProcess) -> None:
    given = await pair(hub, "operated")
    username = (await hub.call("GET", "/api/auth/session", cookie=given["ann"])).json["username"]
    async with run_in_chromium(FLOWS, "operated", hub.url, json.dumps(given)) as browser:
        for wanted, body in (
            ("announce", {"text": "Closed <b>at noon</b>"}),
            ("kick", {"user": username}),
            ("deactivate", {"user": username}),
        ):
            assert await browser.happened() == {"want": wanted}
            async with await trio.open_unix_socket(hub.data_dir / "admin.sock") as stream:
                done = await request(stream, "POST", f"/admin/{wanted}", body)
                assert done.status == 200, done.text
            await browser.tell(wanted)
        assert await browser.end() == 0
