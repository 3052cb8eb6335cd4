"""One message in every dialect: `python -m tests.apps.crossing http://127.0.0.1:8000`.

Makes two people on a running hub, opens every WebSocket dialect as both, lets the first one send
from each dialect in turn, and prints what each of the second one's connections is told.
"""

import json
import secrets
import sys
from urllib.parse import urlsplit

import trio
from attrs import frozen

from tests.support.http import Reply, request
from tests.support.websocket import WebSocket, open_websocket

MESSAGES = {"/ws": "private_message", "/ws/chat": "new_message", "/messagepal": "message_received"}


@frozen
class Account:
    """Somebody who is signed in to both kinds of frontend."""

    id: int
    cookies: str


@frozen
class Hub:
    """A running hub."""

    host: str
    port: int

    async def call(self, method: str, path: str, body: object, cookies: str = "") -> Reply:
        async with await trio.open_tcp_stream(self.host, self.port) as stream:
            return await request(stream, method, path, body, {"Cookie": cookies})

    async def sign_up(self, name: str) -> Account:
        account = {
            "username": name,
            "password": secrets.token_urlsafe(9),
            "name": name.title(),
            "email": f"{name}@example.org",
        }
        made = await self.call("POST", "/learning_platform/api/auth/register", account)
        assert made.status == 201, made.text
        login = await self.call("POST", "/private_messages/api/auth/login", account)
        assert login.status == 200, login.text
        cookies = [each.headers["set-cookie"].partition(";")[0] for each in (made, login)]
        return Account(made.json["id"], "; ".join(cookies))

    async def open(self, account: Account, path: str, dm: int) -> WebSocket:
        stream = await trio.open_tcp_stream(self.host, self.port)
        socket = await open_websocket(stream, path, Cookie=account.cookies)
        await socket.receive()
        if path == "/ws/chat":
            await socket.send({"type": "join_channel", "channelId": dm})
            await socket.receive_type("joined_channel")
        return socket


async def message(socket: WebSocket, path: str) -> object:
    """The next message, past who came, went or typed."""
    while (frame := await socket.receive())["type"] != MESSAGES[path]:
        pass
    return frame


async def main(url: str) -> None:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    hub = Hub(parts.hostname, parts.port)
    suffix = secrets.token_hex(3)
    ann, ben = await hub.sign_up(f"ann-{suffix}"), await hub.sign_up(f"ben-{suffix}")
    pair = {"userIds": [ann.id, ben.id]}
    dm = (await hub.call("POST", "/api/channels/dm", pair, ann.cookies)).json["id"]
    sends = {
        "/ws": {"type": "private_message", "recipient_id": ben.id, "content": "from /ws"},
        "/ws/chat": {"type": "send_message", "channelId": dm, "content": "from /ws/chat"},
        "/messagepal": {
            "type": "send_message", "recipientId": ben.id, "content": "from /messagepal",
        },
    }  # fmt: skip
    theirs = {path: await hub.open(ben, path, dm) for path in MESSAGES}
    for path, frame in sends.items():
        mine = await hub.open(ann, path, dm)
        await mine.send(frame)
        print(f"\nann on {path} sends {json.dumps(frame)}")
        for heard, socket in theirs.items():
            print(f"  ben on {heard} is told {json.dumps(await message(socket, heard))}")
        await mine.close()
    for socket in theirs.values():
        await socket.close()


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
