"""One message over three dialects: `python -m docs.examples.crossing http://127.0.0.1:8000`.

Makes two users on a running hub, connects both to `/ws`, `/ws/chat` and `/messagepal`, lets the
first one send a message over each of them, and prints the frame that every connection of the
second receives.
"""

import json
import secrets
import sys
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

import trio
from attrs import frozen
from trio_websocket import WebSocketConnection, connect_websocket_url

MESSAGES: Final = {
    "/ws": "private_message",
    "/ws/chat": "new_message",
    "/messagepal": "message_received",
}
"""The type of the frame that carries a message, by path."""

PATIENCE_SECONDS: Final = 10


@frozen
class Account:
    """A user with a session of each kind."""

    id: int
    cookies: str


@frozen
class Hub:
    """A client of a running hub.

    Args:
        url: the hub's address, without a slash at the end.
        nursery: runs the tasks of the connections.
    """

    url: str
    nursery: trio.Nursery

    async def call(
        self, path: str, body: Mapping[str, object], cookies: str = ""
    ) -> tuple[Any, str]:
        """POST a JSON body; returns the JSON response and the cookie that came with it, if any."""

        def post() -> tuple[Any, str]:
            data = json.dumps(body).encode()
            headers = {"Content-Type": "application/json", "Cookie": cookies}
            request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310  our own address
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310  same
                cookie = response.headers.get("set-cookie", "").partition(";")[0]
                return json.load(response), cookie

        return await trio.to_thread.run_sync(post)

    async def sign_up(self, name: str) -> Account:
        """Make an account; sign in to the learning platform and to private messages."""
        account = {
            "username": name,
            "password": secrets.token_urlsafe(9),
            "name": name.title(),
            "email": f"{name}@example.org",
        }
        user, signed = await self.call("/learning_platform/api/auth/register", account)
        _, token = await self.call("/private_messages/api/auth/login", account)
        return Account(user["id"], f"{signed}; {token}")

    async def open(self, account: Account, path: str, dm: int) -> WebSocketConnection:
        """A connection past its greeting; on `/ws/chat` it has joined the dm."""
        url = self.url.replace("http", "ws", 1) + path
        headers = [(b"Cookie", account.cookies.encode())]
        socket = await connect_websocket_url(self.nursery, url, extra_headers=headers)
        await socket.get_message()
        if path == "/ws/chat":
            await send(socket, {"type": "join_channel", "channelId": dm})
            await next_of(socket, "joined_channel")
        return socket


async def send(socket: WebSocketConnection, frame: Mapping[str, object]) -> None:
    """Send a frame."""
    await socket.send_message(json.dumps(frame))


async def next_of(socket: WebSocketConnection, kind: str) -> object:
    """The next frame of a type; presence and typing may come in between."""
    with trio.fail_after(PATIENCE_SECONDS):
        while (frame := json.loads(await socket.get_message()))["type"] != kind:
            pass
    return frame


async def main(url: str) -> None:
    """Send one message over each dialect, and print the frames that ben's connections receive."""
    async with trio.open_nursery() as nursery:
        hub = Hub(url.rstrip("/"), nursery)
        suffix = secrets.token_hex(3)
        ann, ben = await hub.sign_up(f"ann-{suffix}"), await hub.sign_up(f"ben-{suffix}")
        dm, _ = await hub.call("/api/channels/dm", {"userIds": [ann.id, ben.id]}, ann.cookies)
        frames: dict[str, dict[str, object]] = {
            "/ws": {"type": "private_message", "recipient_id": ben.id},
            "/ws/chat": {"type": "send_message", "channelId": dm["id"]},
            "/messagepal": {"type": "send_message", "recipientId": ben.id},
        }
        theirs = {path: await hub.open(ben, path, dm["id"]) for path in MESSAGES}
        for path, frame in frames.items():
            mine = await hub.open(ann, path, dm["id"])
            await send(mine, {**frame, "content": f"from {path}"})
            print(f"\nann sends on {path}")
            for other, socket in theirs.items():
                received = await next_of(socket, MESSAGES[other])
                print(f"  ben receives on {other} {json.dumps(received)}")
            await mine.aclose()
        for socket in theirs.values():
            await socket.aclose()
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
