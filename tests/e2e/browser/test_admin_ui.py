"""The page `@socket.io/admin-ui` as its maintainers publish it, on a hub."""

from pathlib import Path

import trio

from tests.support.browser.chromium import run_in_chromium
from tests.support.clients.http import request
from tests.support.programs.hub_process import run_hub
from tests.support.programs.socketio import sign_up

TOKEN = "a token of the operators"
SITE = "https://admin.socket.io"


async def test_an_operator_signs_in_sees_and_disconnects(folder: Path) -> None:
    flags = ("--admin-ui", "yes", "--admin-token", TOKEN, "--allowed-origins", SITE)
    with run_hub(folder / "admin_ui", *flags) as hub:
        ann = await sign_up(hub, "ann")
        async with ann.client() as client:
            assert await client.happened() == {"connected": True}
            async with run_in_chromium("admin_ui.mjs", hub.url, TOKEN, "ann:1") as page:
                assert await page.happened() == {"refused": "invalid credentials"}
                assert await page.happened() == {"shown": ["ann:1"]}
                assert await page.happened() == {"page": "refused"}
                row = await page.happened()
                assert (row["page"], row["text"][:2]) == ("row", ["ann:1", "127.0.0.1"])
                assert await client.happened() == {"disconnected": "io server disconnect"}
                assert await page.happened() == {"page": "gone"}
                assert await page.end() == 0
        async with await trio.open_unix_socket(hub.data_dir / "admin.sock") as stream:
            (kick,) = (await request(stream, "GET", "/admin/audit")).json["actions"]
        assert (kick["action"], kick["way"], kick["username"]) == ("kick", "http", "ann")
