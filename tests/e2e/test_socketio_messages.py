"""`message:*` with the official socket.io-client against a running hub."""

import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import NodeProgram, require_node, run_node


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


class Friend:
    """A user with a token, and their client."""

    def __init__(self, hub: HubProcess, number: int, cookie: str, token: dict[str, Any]) -> None:
        self.hub = hub
        self.number = number
        self.cookie = cookie
        self.auth = {"userId": token["userId"], "token": token["token"]}

    @property
    def id(self) -> str:
        return str(self.auth["userId"])

    @asynccontextmanager
    async def client(self, **auth: Any) -> AsyncIterator[NodeProgram]:
        url = f"http://{self.hub.host}:{self.hub.port}"
        async with run_node("socketio_client.mjs", url, json.dumps(self.auth | auth)) as client:
            yield client


async def sign_up(hub: HubProcess, name: str) -> Friend:
    number, cookie = await hub.sign_up(name)
    token = await hub.call("POST", "/api/auth/token", {}, cookie)
    assert token.status == 200, token.text
    return Friend(hub, number, cookie, token.json)


async def emit(client: NodeProgram, event: str, payload: object) -> None:
    await client.tell(json.dumps({"emit": [event, payload]}))


async def ask(client: NodeProgram, event: str, payload: object) -> Any:
    """Emit and wait for the acknowledgement, past everything else."""
    await client.tell(json.dumps({"emit": [event, payload], "ack": True}))
    while "answer" not in (happened := await client.happened()):
        pass
    return happened["answer"]


async def heard(client: NodeProgram, event: str) -> Any:
    """The payload of the next event, which must be that one."""
    happened = await client.happened()
    assert happened.get("event") == event, happened
    return happened["data"]


async def dm_of(hub: HubProcess, ann: Friend, ben: Friend) -> str:
    """The id of the two's channel, which their first message makes."""
    path = f"/private_messages/api/messages/{ben.number}"
    first = await hub.call("POST", path, {"content": "first"}, ann.cookie)
    assert first.status == 201, first.text
    return to_uuid(IdKind.CHANNEL, 1)


async def test_two_clients_and_a_ws_client_talk_in_one_channel(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        async with ann.client() as anns, ben.client() as bens, hub.open(ben.cookie) as ws:
            ws.ignoring("user_online_status")
            for client in (anns, bens):
                assert await client.happened() == {"connected": True}
            assert await ask(anns, "room:join", {"channelId": dm}) == {
                "success": True, "channelId": dm,
            }  # fmt: skip
            assert (await ask(bens, "channel:join", dm))["success"] is True

            await emit(anns, "message:typing:start", {"channelId": dm})
            typing = await heard(bens, "message:typing:start")
            assert (typing["userId"], typing["isTyping"]) == (ann.id, True)
            assert (await ws.receive_type("typing_indicator"))["is_typing"] is True

            message = {"content": "*hi*", "channelId": dm, "tempId": "t1", "status": "FAILED"}
            answer = await ask(anns, "message:send", message)
            assert (answer["success"], answer["data"]["content"]) == (True, "*hi*")
            assert (answer["tempId"], answer["deliveryStatus"]) == ("t1", "SENT")
            assert (await heard(bens, "message:typing:stop"))["isTyping"] is False
            new = await heard(bens, "message:new")
            assert new == answer["data"]
            assert (new["userId"], new["user"]["name"], new["seq"]) == (ann.id, "ann Test", 2)
            assert (await ws.receive_type("typing_indicator"))["is_typing"] is False
            assert (await ws.receive_type("private_message"))["message"]["content"] == "*hi*"

            for event in ("message:delivered", "message:read", "message:read"):
                await emit(bens, event, {"messageId": new["id"], "channelId": dm})
            for status in ("DELIVERED", "READ"):
                for _ in range(2):  # the first message and this one
                    seen = (await anns.happened())["data"]
                    assert (seen["status"], seen["userId"]) == (status, ben.id)

            assert (await ws.receive_type("messages_read"))["seq"] == 2

            reply = {"type": "private_message", "recipient_id": ann.number, "content": "hello"}
            await ws.send(reply)
            assert (await ws.receive_type("private_message"))["message"]["content"] == "hello"
            crossed = await heard(anns, "message:new")
            assert (crossed["content"], crossed["userId"]) == ("hello", ben.id)
            assert (await heard(bens, "message:new")) == crossed

            thread = {"content": "re", "channelId": dm, "parentId": new["id"]}
            await emit(bens, "message:send", thread)
            assert (await heard(bens, "message:sent"))["status"] == "SENT"
            assert (await heard(anns, "message:new"))["parentId"] == new["id"]
            assert (await ws.receive_type("private_message"))["message"]["content"] == "re"

            page = await ask(anns, "messages:get", {"channelId": dm})
            contents = [each["content"] for each in page["messages"]]
            assert contents == ["first", "*hi*", "hello", "re"]
            assert page["messages"][1]["deliveryStatus"] == "READ"
            listed = await ask(anns, "messages:list", {"channelId": dm})
            assert listed == {"success": True, "data": page["messages"]}


async def test_what_is_refused_is_told_and_answered(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben, eve = [await sign_up(hub, name) for name in ("ann", "ben", "eve")]
        dm = await dm_of(hub, ann, ben)
        async with eve.client() as client:
            assert await client.happened() == {"connected": True}
            for event, payload, text in (
                ("message:send", {"content": "x", "channelId": dm}, "Unauthorized"),
                ("room:join", dm, "Unauthorized"),
                ("messages:get", {"channelId": dm}, "Unauthorized"),
                ("message:typing:start", {"channelId": dm}, "Unauthorized"),
                ("message:send", {"content": "", "channelId": dm}, "Invalid message format"),
                (
                    "message:send",
                    {"content": "x" * 2001, "channelId": dm},
                    "Invalid message format",
                ),
                ("message:send", {"content": "x", "channelId": 7}, "Invalid message format"),
                ("message:send", None, "Invalid message format"),
                ("message:dance", {}, "Unknown event: message:dance"),
            ):
                await emit(client, event, payload)
                error = await heard(client, "message:error")
                assert (error["error"], error["message"]) == (text, text), event
                assert error["code"]
            refused = await ask(client, "room:join", dm)
            assert (refused["success"], refused["error"]) == (False, "Unauthorized")


async def test_whoever_is_nobody_is_refused_with_the_text_clients_compare(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann = await sign_up(hub, "ann")
        nobody = to_uuid(IdKind.USER, 987)
        for auth in ({"token": ""}, {"token": "nonsense"}, {"userId": nobody}, {"userId": 5}):
            async with ann.client(**auth) as client:
                assert await client.happened() == {"refused": "Unauthorized"}, auth
        async with ann.client(userId=None) as client:
            assert await client.happened() == {"connected": True}


async def test_a_client_comes_back_after_a_restart(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        async with ann.client() as client:
            assert await client.happened() == {"connected": True}
            hub.process.send_signal(signal.SIGTERM)
            while "disconnected" not in await client.happened():
                pass
            assert hub.process.wait(20) == 0
            with run_hub(data_dir, port=hub.port):
                await client.tell(json.dumps({"emit": ["messages:get", {"channelId": dm}]}))
                await until(client, {"connected": True, "recovered": True})
                page = await ask(client, "messages:get", {"channelId": dm})
                assert [each["content"] for each in page["messages"]] == ["first"]


async def until(client: NodeProgram, expected: dict[str, Any]) -> None:
    """Past everything else."""
    while await client.happened() != expected:
        pass


async def test_a_client_is_recovered_after_the_hub_was_killed(data_dir: Path) -> None:
    """Also one that has not heard any event yet."""
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        async with ann.client() as client, ben.client() as other:
            for each in (client, other):
                await until(each, {"connected": True})
            assert (await ask(client, "room:join", dm))["success"] is True
            assert (await ask(client, "message:send", {"content": "second", "channelId": dm}))[
                "seq"
            ] == 2
            assert (await ask(other, "room:join", dm))["success"] is True
            for each in (client, other):
                each.process.send_signal(signal.SIGSTOP)  # so that it comes back only when we say
            hub.process.kill()
            hub.process.wait()
            with run_hub(data_dir, port=hub.port) as again:
                path = f"/private_messages/api/messages/{ben.number}"
                for text in ("third", "fourth"):
                    sent = await again.call("POST", path, {"content": text}, ann.cookie)
                    assert sent.status == 201, sent.text
                for each in (client, other):
                    each.process.send_signal(signal.SIGCONT)
                    await until(each, {"connected": True, "recovered": True})
                    for text in ("third", "fourth"):
                        assert (await heard(each, "message:new"))["content"] == text
                await ask(client, "message:send", {"content": "fifth", "channelId": dm})
                assert (await heard(other, "message:new"))["content"] == "fifth"


async def test_a_token_ends_unless_it_is_refreshed(data_dir: Path) -> None:
    require_node()
    secret = "a secret that the identity provider knows"
    with run_hub(data_dir, "--jwt-secret", secret) as hub:
        ann = await sign_up(hub, "ann")

        def token(seconds: float) -> str:
            claims = {"sub": ann.id, "exp": datetime.now(UTC) + timedelta(seconds=seconds)}
            return jwt.encode(claims, secret, algorithm="HS256")

        async with ann.client(token=token(3)) as kept, ann.client(token=token(3)) as ending:
            for client in (kept, ending):
                assert await client.happened() == {"connected": True}
            refreshed = await ask(kept, "auth:refresh", {"token": token(60)})
            assert refreshed == {"success": True}
            error = await heard(ending, "message:error")
            assert (error["error"], error["code"]) == ("Unauthorized", "login_ended")
            assert await ending.happened() == {"disconnected": "io server disconnect"}
            again = {"auth": {"userId": ann.id, "token": token(-1)}}
            await ending.tell(json.dumps(again))
            assert await ending.happened() == {"refused": "Unauthorized"}
            await ending.tell(json.dumps({"auth": {"userId": ann.id, "token": token(60)}}))
            assert await ending.happened() == {"connected": True, "recovered": True}
            assert (await ask(kept, "messages:get", {}))["error"] == "Invalid message format"
