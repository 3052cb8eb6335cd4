"""Unread and older messages, and the list of conversations."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from hub.identity.cookies import new_token, token_hash
from persistence.interface import Store
from persistence.records import Draft
from tests.support.browser.chromium import run_in_chromium
from tests.support.browser.page import FLOWS, pair, play
from tests.support.clients.frames import TEXT, client_frame
from tests.support.programs.hub_process import HubProcess
from tests.support.programs.server import serve
from tests.support.stores.records import make_users, post_one

HISTORY = 1_200
CONVERSATIONS = 520  # more than a page of the list


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("unread", id="what is unread"),
        pytest.param("notes", id="what one notes for oneself"),
        pytest.param("list", id="a list that changes under the hand"),
    ],
)
async def test_reading(hub: HubProcess, flow: str) -> None:
    await play(flow, hub, await pair(hub, flow.lower()))


async def test_a_clock_that_is_wrong(hub: HubProcess) -> None:
    await play("clock", hub, await pair(hub, "clock"))


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


async def test_the_last_conversation_of_a_long_list_is_reached(
    folder: Path, memory_store: Store
) -> None:
    del folder  # there is a browser
    ann, *others = await make_users(
        memory_store, "ann", *map("p{:03}".format, range(CONVERSATIONS))
    )
    for other in others:
        await memory_store.relations.request_follow(ann.id, other.id)
        await post_one(memory_store, Draft(other.id, ann.id, "hello"))
    token = new_token()
    lifetime = timedelta(days=1)
    await memory_store.sessions.open(ann.id, token_hash(token), lifetime)
    given = json.dumps({"ann": f"session_token={token}", "total": CONVERSATIONS})
    async with (
        serve(memory_store) as server,
        run_in_chromium(FLOWS, "long", server.url, given) as browser,
    ):
        assert await browser.end() == 0
