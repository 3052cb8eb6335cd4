"""Normal uses, which must never be refused: each one counts its refusals."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import attrs
import trio
from attrs import define, field, frozen

from tests.abuse.field import BROKEN
from tests.abuse.hubs import Target
from tests.abuse.wire import CHUNK, HEAD_END, connect, handshake, request, say, upload
from tests.support.clients.http import Reply
from tests.support.clients.http import request as ask

PUPILS: Final = 50
FILES: Final = 20
LINES: Final = 100
RECONNECTS: Final = 30
SCHOOL: Final = "127.9.0.1"
HOME: Final = "127.9.0.2"
LINE_SECONDS: Final = 30.0
COMING_SECONDS: Final = 0.4  # between the arrivals of two pupils


@frozen
class Normal:
    """The result of a normal use: how many requests succeeded, and the refused ones."""

    name: str
    done: int
    refused: Mapping[str, int]
    seconds: float

    def plain(self) -> dict[str, Any]:
        """The result as JSON."""
        return attrs.asdict(self)


@define
class Use:
    """A use while it goes on."""

    target: Target
    address: str
    done: int = 0
    refused: Counter[str] = field(factory=Counter)

    async def call(self, method: str, path: str, body: object, cookie: str = "") -> Reply:
        """One request on a connection of its own."""
        async with await connect(self.target.port, self.address, self.target.tls) as stream:
            headers = {"Host": "localhost", "Cookie": cookie}
            reply = await ask(stream, method, path, body, headers)
        self.count(f"{method} {path} {reply.status}", is_good=reply.status < 400)
        return reply

    def count(self, what: str, *, is_good: bool) -> None:
        """Count a success, or a refusal."""
        self.done += is_good
        self.refused[what] += not is_good

    async def account(self, name: str) -> tuple[int, str]:
        """Sign up and in; returns the id and the cookie."""
        account = {
            "email": f"{name}@school.example",
            "password": "correct horse",
            "first_name": name,
            "last_name": "Pupil",
            "date_of_birth": "2010-01-01",
        }
        made = await self.call("POST", "/api/auth/register", account)
        session = await self.call("POST", "/api/auth/login", account)
        cookie = session.headers.get("set-cookie", "").partition(";")[0]
        return (made.json["user_id"] if made.status == 201 else 0), cookie

    @asynccontextmanager
    async def socket(self, path: str, cookie: str) -> AsyncIterator["Talk"]:
        """An open WebSocket."""
        async with await connect(self.target.port, self.address, self.target.tls) as stream:
            await stream.send_all(handshake(path, f"Cookie: {cookie}"))
            talk = Talk(stream)
            await talk.until(HEAD_END)
            self.count(f"{path} {talk.heard[9:12].decode()}", is_good=b" 101 " in talk.heard[:20])
            yield talk
            self.refused["error frames"] += talk.heard.count(b'"type":"error"')


@define
class Talk:
    """One WebSocket and all bytes that were received on it."""

    stream: trio.abc.Stream
    heard: bytes = b""

    async def until(self, marker: bytes, times: int = 1) -> bool:
        """Read until this has come so often; returns whether it has."""
        with trio.move_on_after(LINE_SECONDS):
            while self.heard.count(marker) < times:
                part = bytes(await self.stream.receive_some(CHUNK))
                if not part:
                    return False
                self.heard += part
            return True
        return False


async def _class(use: Use) -> None:
    """A class connects within 20 seconds, from one address, and talks in a channel."""
    owner, cookie = await use.account("teacher")
    signed = await _signed(use, cookie)
    workspace = (await use.call("POST", "/api/workspaces", {"name": "7b"}, signed)).json["id"]
    new = {"workspaceId": workspace, "name": "talk"}
    channel = (await use.call("POST", "/api/channels", new, signed)).json["id"]
    path = f"/api/workspaces/{workspace}/links"
    link = (await use.call("POST", path, {"uses": PUPILS}, signed)).json
    del owner

    async def pupil(number: int) -> None:
        await trio.sleep(number * COMING_SECONDS)
        _, cookie = await use.account(f"pupil{number}")
        signed = await _signed(use, cookie)
        await use.call("POST", f"/api/invitations/{link['token']}", None, signed)
        async with use.socket("/ws/chat", signed) as talk:
            await talk.stream.send_all(say({"type": "join_channel", "channelId": channel}))
            await talk.until(b'"joined_channel"')
            for text in ("hello", "who is there", "bye"):
                content = {"type": "send_message", "channelId": channel, "content": text}
                await talk.stream.send_all(say(content))
            mark = b'"authorUsername"'
            use.count("message not heard", is_good=await talk.until(mark, times=3))

    async with trio.open_nursery() as nursery:
        for number in range(PUPILS):
            nursery.start_soon(pupil, number)


async def _signed(use: Use, cookie: str) -> str:
    reply = await use.call("POST", "/api/auth/session", {}, cookie)
    return reply.headers.get("set-cookie", "").partition(";")[0]


async def _files(use: Use) -> None:
    """One user sends 20 files at once, of 200 KB each."""
    _, cookie = await use.account("sender")

    async def one(number: int) -> None:
        content = upload(f"Cookie: {cookie}", f"{number}.txt", b"x" * 200_000, "text/plain")
        async with await connect(use.target.port, use.address, use.target.tls) as stream:
            await stream.send_all(content)
            answer = bytes(await stream.receive_some(CHUNK))
        use.count(f"upload {answer[9:12].decode()}", is_good=b" 200 " in answer[:20])

    async with trio.open_nursery() as nursery:
        for number in range(FILES):
            nursery.start_soon(one, number)


async def _lines(use: Use) -> None:
    """One user pastes 100 lines, each of which is a message."""
    _, cookie = await use.account("author")
    reader, _ = await use.account("reader")
    async with use.socket("/ws", cookie) as talk:
        for number in range(LINES):
            content = {"type": "private_message", "recipient_id": reader, "content": f"{number}"}
            await talk.stream.send_all(say(content))
        stored = await talk.until(b'"private_message"', times=LINES)
        use.count("lines not stored", is_good=stored)


async def _phone(use: Use) -> None:
    """A phone with bad reception: 30 connections on `/ws` and by Socket.IO's polling, each of which
    breaks. It takes 10 s instead of a minute, which is harder, since all limits are rates.
    """
    _, cookie = await use.account("phone")
    for _ in range(RECONNECTS):
        async with use.socket("/ws?resume", cookie) as talk:
            await talk.stream.send_all(say({"type": "resume"}))
            use.count("resume", is_good=await talk.until(b'"resumed"'))
        await _poll(use, cookie)
        await trio.sleep(10 / RECONNECTS)


async def _poll(use: Use, cookie: str) -> None:
    path = "/socket.io/?EIO=4&transport=polling"
    async with await connect(use.target.port, use.address, use.target.tls) as stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(request("GET", path, f"Cookie: {cookie}"))
            answer = bytes(await stream.receive_some(CHUNK))
            use.count(f"polling {answer[9:12].decode()}", is_good=b" 200 " in answer[:20])


@frozen
class NormalUse:
    """A normal use, from one address."""

    name: str
    address: str
    act: Callable[[Use], Awaitable[None]]

    async def run(self, target: Target) -> Normal:
        """Carry it out."""
        use = Use(target, self.address)
        began = trio.current_time()
        try:
            await self.act(use)
        except* BROKEN as group:
            use.count(f"ended: {group.exceptions[0]!r}"[:100], is_good=False)
        refused = {name: number for name, number in use.refused.items() if number}
        return Normal(self.name, use.done, refused, trio.current_time() - began)


NORMAL: Final[Sequence[NormalUse]] = (
    NormalUse("50 pupils behind one address sign up, sign in and chat", SCHOOL, _class),
    NormalUse("one sends 20 files", HOME, _files),
    NormalUse("one pastes 100 lines", HOME, _lines),
    NormalUse("a phone reconnects 30 times", HOME, _phone),
)


def normal_table(used: Sequence[Normal]) -> str:
    """The table as Markdown."""
    lines = ["| normal use | done | refused | took |", "|---|---|---|---|"]
    for each in used:
        refused = ", ".join(f"{name} x{number}" for name, number in each.refused.items())
        lines.append(f"| {each.name} | {each.done} | {refused or '0'} | {each.seconds:.1f} s |")
    return "\n".join(lines)
