"""What is unread, older, or in the list of conversations."""

import json

import pytest

from tests.support.clients.frames import TEXT, client_frame
from tests.support.programs.hub_process import HubProcess
from tests.support.programs.page import pair, play

HISTORY = 2_000


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("unread", id="what is unread"),
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
