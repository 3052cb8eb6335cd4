"""`message:*` with the official socket.io-client against a running hub."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from hub.socketio.offset import LISTED
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import require_node
from tests.support.programs.socketio import Friend, sign_up
from tests.support.stores.databases import Databases, restore


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


async def dm_of(hub: HubProcess, ann: Friend, ben: Friend) -> str:
    """The id of the channel of the two, which their first message makes."""
    path = f"/private_messages/api/messages/{ben.number}"
    first = await hub.call("POST", path, {"content": "first"}, ann.cookie)
    assert first.status == 201, first.text
    return to_uuid(IdKind.CHANNEL, 1)


async def test_two_clients_and_a_ws_client_talk_in_one_channel(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        request = f"/private_messages/api/messages/requests/{ann.number}"
        assert (await hub.call("POST", request, cookie=ben.cookie)).status == 200
        async with ann.client() as anns, ben.client() as bens, hub.open(ben.cookie) as ws:
            ws.ignoring("user_online_status")
            for client in (anns, bens):
                assert await client.happened() == {"connected": True}
            assert [each["seq"] for each in await bens.heard("message:offline")] == [1]
            assert await anns.ask("room:join", {"channelId": dm}) == {
                "success": True, "channelId": dm,
            }  # fmt: skip
            assert (await bens.ask("channel:join", dm))["success"] is True

            await anns.emit("message:typing:start", {"channelId": dm})
            typing = await bens.heard("message:typing:start")
            assert (typing["userId"], typing["isTyping"]) == (ann.id, True)
            assert (await ws.receive_type("typing_indicator"))["is_typing"] is True

            message = {"content": "*hi*", "channelId": dm, "tempId": "t1", "status": "FAILED"}
            answer = await anns.ask("message:send", message)
            assert (answer["success"], answer["data"]["content"]) == (True, "*hi*")
            assert (answer["tempId"], answer["deliveryStatus"]) == ("t1", "SENT")
            assert (await anns.heard("message:sent"))["tempId"] == "t1"
            assert (await bens.heard("message:typing:stop"))["isTyping"] is False
            new = await bens.heard("message:new")
            assert new == answer["data"]
            assert (new["userId"], new["user"]["name"], new["seq"]) == (ann.id, "ann Test", 2)
            assert (await ws.receive_type("typing_indicator"))["is_typing"] is False
            assert (await ws.receive_type("private_message"))["message"]["content"] == "*hi*"

            for event in ("message:delivered", "message:read", "message:read"):
                await bens.emit(event, {"messageId": new["id"], "channelId": dm})
            for status in ("DELIVERED", "READ"):
                for _ in range(2):  # the first message and this one
                    seen = await anns.heard(f"message:{status.lower()}")
                    assert (seen["status"], seen["userId"]) == (status, ben.id)

            assert (await ws.receive_type("messages_read"))["seq"] == 2

            reply = {"type": "private_message", "recipient_id": ann.number, "content": "hello"}
            await ws.send(reply)
            assert (await ws.receive_type("private_message"))["message"]["content"] == "hello"
            crossed = await anns.heard("message:new")
            assert (crossed["content"], crossed["userId"]) == ("hello", ben.id)
            assert (await bens.heard("message:new")) == crossed

            thread = {"content": "re", "channelId": dm, "parentId": new["id"]}
            await bens.emit("message:send", thread)
            assert (await bens.heard("message:sent"))["status"] == "SENT"
            answer = await anns.heard("message:new")
            assert answer["parentId"] == new["id"]
            assert (await anns.heard("thread:reply"))["thread"] == answer["thread"]
            assert (await ws.receive_type("private_message"))["message"]["content"] == "re"

            page = await anns.ask("messages:get", {"channelId": dm})
            contents = [each["content"] for each in page["messages"]]
            assert contents == ["first", "*hi*", "hello", "re"]
            assert page["messages"][1]["deliveryStatus"] == "READ"
            listed = await anns.ask("messages:list", {"channelId": dm})
            assert listed == {"success": True, "data": page["messages"]}


async def test_a_message_is_forwarded(data_dir: Path) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        async with ann.client() as anns, ben.client() as bens, hub.open(ann.cookie) as ws:
            ws.ignoring("user_online_status")
            for client in (anns, bens):
                assert await client.happened() == {"connected": True}
                assert (await client.ask("room:join", dm))["success"] is True
            assert [each["seq"] for each in await bens.heard("message:offline")] == [1]
            first = to_uuid(IdKind.MESSAGE, 1)
            forward = {"messageId": first, "channelId": dm, "tempId": "f1"}
            answer = await anns.ask("message:forward", forward)
            assert (answer["success"], answer["tempId"]) == (True, "f1")
            copy = answer["data"]
            assert (copy["content"], copy["isForwarded"], copy["userId"]) == ("first", True, ann.id)
            assert (await anns.heard("message:sent"))["tempId"] == "f1"
            assert await bens.heard("message:new") == copy
            assert (await ws.receive_type("private_message"))["message"]["is_forwarded"] is True
            again = await anns.ask("message:forward", forward)
            assert (again["data"]["id"], again["data"]["seq"]) == (copy["id"], 2)
            assert (await anns.heard("message:sent"))["messageId"] == copy["id"]
            page = await bens.ask("messages:get", {"channelId": dm})
            assert [each.get("isForwarded") for each in page["messages"]] == [None, True]


async def test_a_refused_event_gets_an_error_event_and_an_acknowledgement(data_dir: Path) -> None:
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
                ("message:forward", {"channelId": dm}, "Invalid message format"),
                (
                    "message:forward",
                    {"messageId": to_uuid(IdKind.MESSAGE, 1), "channelId": dm},
                    "Unauthorized",
                ),
                ("message:dance", {}, "Unknown event: message:dance"),
            ):
                await client.emit(event, payload)
                error = await client.heard("message:error")
                assert (error["error"], error["message"]) == (text, text), event
                assert error["code"]
            refused = await client.ask("room:join", dm)
            assert (refused["success"], refused["error"]) == (False, "Unauthorized")
            assert (await client.heard("message:error"))["code"] == "not_a_member"


async def test_a_client_without_valid_credentials_is_refused_with_the_text_clients_compare(
    data_dir: Path,
) -> None:
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
            assert await client.happened() == {"disconnected": "transport close"}
            assert hub.process.wait(20) == 0
            with run_hub(data_dir, port=hub.port):
                await client.emit("messages:get", {"channelId": dm})
                await client.comes_back()
                page = await client.ask("messages:get", {"channelId": dm})
                assert [each["content"] for each in page["messages"]] == ["first"]
                await client.end()


async def test_a_client_is_recovered_after_the_hub_was_killed(data_dir: Path) -> None:
    """Also a client that has not got any event yet."""
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        async with ann.client() as client, ben.client() as other:
            for each in (client, other):
                assert await each.happened() == {"connected": True}
            assert [each["seq"] for each in await other.heard("message:offline")] == [1]
            assert (await client.ask("room:join", dm))["success"] is True
            second = await client.ask("message:send", {"content": "second", "channelId": dm})
            assert (await client.heard("message:sent"))["seq"] == second["seq"] == 2
            assert (await other.ask("room:join", dm))["success"] is True
            for each in (client, other):
                each.program.process.send_signal(signal.SIGSTOP)
            hub.process.kill()
            hub.process.wait()
            with run_hub(data_dir, port=hub.port) as again:
                path = f"/private_messages/api/messages/{ben.number}"
                for text in ("third", "fourth"):
                    sent = await again.call("POST", path, {"content": text}, ann.cookie)
                    assert sent.status == 201, sent.text
                for each in (client, other):
                    each.program.process.send_signal(signal.SIGCONT)
                    await each.comes_back()
                    for text in ("third", "fourth"):
                        assert (await each.heard("message:new"))["content"] == text
                await client.ask("message:send", {"content": "fifth", "channelId": dm})
                assert (await client.heard("message:sent"))["seq"] == 5
                assert (await other.heard("message:new"))["content"] == "fifth"
                for each in (client, other):
                    await each.end()


async def test_a_recovered_client_gets_the_revisions_that_it_missed(
    data_dir: Path,
) -> None:
    require_node()
    with run_hub(data_dir) as hub:
        ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
        dm = await dm_of(hub, ann, ben)
        session = await hub.call("POST", "/learning_platform/api/auth/session", {}, ann.cookie)
        cookie = session.headers["set-cookie"].partition(";")[0]

        async def delete(hub: HubProcess, number: int) -> None:
            done = await hub.call("DELETE", f"/api/messages/{number}", cookie=cookie)
            assert done.status == 200, done.text

        async with ann.client() as client:
            assert await client.happened() == {"connected": True}
            assert (await client.ask("room:join", dm))["success"] is True
            for text in ("second", "third"):
                await client.ask("message:send", {"content": text, "channelId": dm})
                await client.heard("message:sent")
            await delete(hub, 1)
            live = await client.heard("message:deleted")
            assert (live["seq"], live["rev"], live["change"]) == (1, 1, "deleted")
            client.program.process.send_signal(signal.SIGSTOP)
            hub.process.kill()
            hub.process.wait()
            with run_hub(data_dir, port=hub.port) as again:
                for number in (2, 3):
                    await delete(again, number)
                client.program.process.send_signal(signal.SIGCONT)
                await client.comes_back()
                for rev in (2, 3):  # the first one does not come again
                    missed = await client.heard("message:deleted")
                    assert (missed["seq"], missed["rev"], missed["content"]) == (rev, rev, "")
                await client.ask("message:send", {"content": "fourth", "channelId": dm})
                assert (await client.heard("message:sent"))["seq"] == 4
                await client.end()


async def test_a_client_begins_anew_when_the_log_went_back(
    databases: Databases, data_dir: Path
) -> None:
    require_node()
    async with databases.migrated() as dsn:
        with run_hub(data_dir, "--database-url", dsn) as hub:
            ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
            dm = await dm_of(hub, ann, ben)
            async with ann.client() as client:
                assert await client.happened() == {"connected": True}
                assert (await client.ask("room:join", dm))["success"] is True
                await client.ask("message:send", {"content": "lost", "channelId": dm})
                assert (await client.heard("message:sent"))["seq"] == 2
                await restore(dsn, 1)
                assert await client.happened() == {"disconnected": "transport close"}
                assert await client.happened() == {"connected": True}  # and not recovered
                page = await client.ask("messages:get", {"channelId": dm})
                assert [each["content"] for each in page["messages"]] == ["first"]
                await client.end()


async def test_a_token_ends_unless_it_is_refreshed(data_dir: Path) -> None:
    require_node()
    secret = "a secret that the identity provider knows"
    with run_hub(data_dir, "--jwt-secret", secret) as hub:
        ann = await sign_up(hub, "ann")

        def token(seconds: float) -> str:
            claims = {"sub": ann.id, "exp": datetime.now(UTC) + timedelta(seconds=seconds)}
            return jwt.encode(claims, secret, algorithm="HS256")

        async with ann.client(token=token(600)) as kept, ann.client(token=token(600)) as ending:
            for client, ends in ((kept, 5), (kept, 600), (ending, 5)):
                if ends == 5:
                    assert await client.happened() == {"connected": True}
                refreshed = await client.ask("auth:refresh", {"token": token(ends)})
                assert refreshed == {"success": True}
            error = await ending.heard("message:error")
            assert (error["error"], error["code"]) == ("Unauthorized", "login_ended")
            assert await ending.happened() == {"disconnected": "io server disconnect"}
            again = {"auth": {"userId": ann.id, "token": token(-1)}}
            await ending.tell(again)
            assert await ending.happened() == {"refused": "Unauthorized"}
            await ending.tell({"auth": {"userId": ann.id, "token": token(60)}})
            assert await ending.happened() == {"connected": True, "recovered": True}
            assert (await kept.ask("messages:get", {}))["error"] == "Invalid message format"
            assert (await kept.heard("message:error"))["code"] == "invalid_field"


async def test_a_client_of_many_channels_is_recovered_after_the_hub_was_killed(
    data_dir: Path,
) -> None:
    """Its offset names only some of them by then."""
    require_node()
    with run_hub(data_dir) as hub:
        ann = await sign_up(hub, "ann")
        session = await hub.call("POST", "/learning_platform/api/auth/session", {}, ann.cookie)
        cookie = session.headers["set-cookie"].partition(";")[0]
        made = await hub.call("POST", "/api/workspaces", {"name": "School"}, cookie)
        assert made.status == 201, made.text
        rooms = [
            await hub.call(
                "POST",
                f"/api/workspaces/{made.json['id']}/channels",
                {"name": f"room {number}"},
                cookie,
            )
            for number in range(LISTED + 5)
        ]

        async def say(hub: HubProcess, number: int, text: str) -> None:
            payload = {"channelId": rooms[number].json["id"]}
            sent = await hub.call("POST", "/api/messages", payload | {"content": text}, cookie)
            assert sent.status == 201, sent.text

        async with ann.client() as client:
            assert await client.happened() == {"connected": True}
            assert (await client.ask("resume", {}))["success"] is True
            assert (await client.heard("resumed"))["complete"] is True
            for number in range(len(rooms)):
                await say(hub, number, f"{number}")
                assert (await client.heard("message:new"))["content"] == f"{number}"
            hub.process.kill()
            hub.process.wait()
            with run_hub(data_dir, port=hub.port) as again:
                await client.comes_back()
                for number in (0, len(rooms) - 1):
                    await say(again, number, "last")
                    assert (await client.heard("message:new"))["content"] == "last"
                await client.end()
