"""The documented behaviour of the learning platform's hooks, in Node, against a running hub."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import require_node, run_node


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


async def sign_up(hub: HubProcess, name: str, role: str) -> tuple[int, str]:
    """A new account of the platform; returns its id and the Cookie header of its session."""
    account = {
        "username": name, "password": "correct horse", "name": name.title(),
        "email": f"{name}@example.org", "role": role,
    }  # fmt: skip
    made = await hub.call("POST", "/api/auth/register", account)
    assert made.status == 201, made.text
    return made.json["id"], made.headers["set-cookie"].partition(";")[0]


async def made(hub: HubProcess, path: str, body: object, cookie: str) -> Any:
    reply = await hub.call("POST", path, body, cookie)
    assert reply.status in (200, 201), reply.text
    return reply.json


async def test_the_chat_hook_joins_on_open_reconnects_and_stops_at_4001(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir, "--joining", "at_once") as hub:
        _, teas = await sign_up(hub, "tea", "student")
        ann, anns = await sign_up(hub, "ann", "student")
        school = await made(hub, "/api/workspaces", {"name": "School"}, teas)
        await made(hub, f"/api/workspaces/{school['id']}/members", {"userId": ann}, teas)
        body = {"workspaceId": school["id"], "name": "general"}
        channel = (await made(hub, "/api/channels", body, teas))["id"]
        url = f"http://{hub.host}:{hub.port}"
        async with run_node("hooks.mjs", "chat", url, anns, str(channel)) as hook:
            me = {"userId": ann, "username": "ann", "displayName": "Ann", "role": "student"}
            connected = await hook.frame()
            assert connected == {"type": "connected", **me, "epoch": connected["epoch"]}
            assert await hook.frame() == {"type": "joined_channel", "channelId": channel}
            sent = await made(hub, "/api/messages", {"channelId": channel, "content": "hi"}, teas)
            frame = {"type": "new_message", "channelId": channel, "message": sent}
            assert await hook.frame() == frame

            hub.process.send_signal(signal.SIGTERM)
            gone = await hook.happened()
            assert (gone["closed"], gone["pause"]) == (1001, 1000)
            assert hub.process.wait(20) == 0
            with run_hub(data_dir, port=hub.port) as again:
                while "closed" in (event := await hook.happened()):
                    assert event["closed"] == 1006  # tried before the hub was back
                assert event["frame"]["type"] == "connected"
                assert (await hook.frame())["type"] == "joined_channel"
                mine = {"type": "send_message", "channelId": channel, "content": "back"}
                await hook.tell(json.dumps(mine))
                message = (await hook.frame())["message"]
                assert (message["content"], message["seq"]) == ("back", 2)

                await again.call("POST", "/api/auth/logout", {}, anns)
                last = await hook.happened()
                assert (last["closed"], last["pause"]) == (4001, None)
                assert await hook.end() == 0  # no timer is left that would connect again


async def test_the_chat_hook_without_a_session_reads_why_and_stops(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        url = f"http://{hub.host}:{hub.port}"
        async with run_node("hooks.mjs", "chat", url, "connect.sid=nonsense", "1") as hook:
            text = "Unauthorized. Please log in."
            assert await hook.frame() == {"type": "error", "message": text}
            last = await hook.happened()
            assert (last["closed"], last["reason"], last["pause"]) == (4001, "Unauthorized", None)
            assert await hook.end() == 0


async def test_the_messenger_hook_connects_by_its_alias_and_comes_back_after_3_s(
    data_dir: Path,
) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, anns = await sign_up(hub, "ann", "student")
        ben, bens = await sign_up(hub, "ben", "student")
        url = f"http://{hub.host}:{hub.port}"
        async with run_node("hooks.mjs", "messenger", url, anns) as hook:
            events = [await hook.happened(), await hook.happened()]
            (connected,) = [event["frame"] for event in events if "frame" in event]
            assert connected["type"] == "connected"
            assert {"conversations": []} in events
            body = {
                "conversationId": f"conv_{ann}_{ben}", "senderId": ben, "senderName": "Ben",
                "recipientId": ann, "content": "hi",
            }  # fmt: skip
            sent = await made(hub, "/api/message/messages", body, bens)
            frame = await hook.frame()
            assert (frame["type"], frame["payload"]) == ("message_received", sent)
            fetch = {"type": "fetch_history", "conversationId": f"conv_{ann}_{ben}"}
            await hook.tell(json.dumps(fetch))
            assert (await hook.frame())["payload"]["messages"] == [sent]
            await hub.call("POST", "/api/auth/logout", {}, anns)
            gone = await hook.happened()
            assert (gone["closed"], gone["pause"]) == (4001, 3000)
            # It tried again and was refused, over REST and on the socket, in either order.
            events = [await hook.happened(), await hook.happened()]
            (closed,) = [event for event in events if "closed" in event]
            assert (closed["closed"], closed["pause"]) == (4001, 3000)
            (refused,) = [event["conversations"] for event in events if "conversations" in event]
            assert refused["code"] == "not_signed_in"
            await hook.tell("unmount")
            assert await hook.end() == 0
