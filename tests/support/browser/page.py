"""Flows of the page in Chromium (tests/node/browser), and the people in them."""

import json
import re
from typing import Any

from tests.support.browser.chromium import run_in_chromium
from tests.support.programs.hub_process import HubProcess

FLOWS = "browser/run.mjs"


async def play(flow: str, hub: HubProcess, given: dict[str, Any]) -> None:
    async with run_in_chromium(FLOWS, flow, hub.url, json.dumps(given)) as browser:
        assert await browser.end() == 0


async def pair(hub: HubProcess, flow: str, *, strangers: bool = False) -> dict[str, Any]:
    """Two users for a flow of their own, who follow each other unless they are to be strangers."""
    (ann_id, ann), (ben_id, ben) = [await hub.sign_up(f"{name}{flow}") for name in ("ann", "ben")]
    if not strangers:
        await hub.call("POST", f"/api/users/{ben_id}/follow", cookie=ann)
        await hub.call("POST", f"/api/users/{ann_id}/follow", cookie=ben)
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
    """The links that `--demo` prints, by the name of the user that each signs in."""
    assert hub.process.stdout is not None
    links: dict[str, str] = {}
    for line in hub.process.stdout:
        if found := re.search(r"\S+/#enter=(\w+):\S+", line):
            links[found[1]] = found[0]
        if links.keys() == {"ann", "ben"}:
            return links
    raise AssertionError(f"the hub ended, and had printed {links}")
