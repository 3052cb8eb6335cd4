"""Expensive reads: deep pages, searches, lists, rendered content."""

from collections.abc import Sequence
from typing import Final

from tests.abuse.field import Attack, Field, Refused, Who, requests
from tests.abuse.wire import call, say

MANY: Final = 100
RENDERED: Final = "![" * 2_000


async def _rendered(field: Field) -> None:
    """A page of messages that are slow to render, again and again."""
    message = say({"type": "private_message", "recipient_id": field.peer.id, "content": RENDERED})

    async def write() -> None:
        async with field.websocket("/ws", field.me.cookie) as socket:
            for _ in range(50):
                await socket.stream.send_all(message)
                await socket.until(b'"private_message"')

    try:
        await write()
    except Refused:
        field.answers["not written"] += 1
    path = f"/api/messages/channel/{field.me.dm_uuid}"
    await requests(lambda field: call("GET", path, field.me.bearer), 4, 2)(field)


ATTACKS: Final[Sequence[Attack]] = (
    Attack(
        "deep pages, 100 connections",
        Who.MANY,
        "REST",
        requests(
            lambda field: call(
                "GET", f"/api/messages/{field.me.peer}?page=48&limit=100", field.me.cookie
            ),
            MANY,
            2,
        ),
    ),
    Attack(
        "searches for people, 50 connections",
        Who.MANY,
        "search",
        requests(lambda field: call("GET", "/api/users/all?name=e", field.me.cookie), 50, 2),
    ),
    Attack(
        "searches for channels, 50 connections",
        Who.MANY,
        "search",
        requests(lambda field: call("GET", "/api/channels/query/a", field.me.chat_cookie), 50, 2),
    ),
    Attack(
        "lists of conversations, 50 connections",
        Who.MANY,
        "REST",
        requests(lambda field: call("GET", "/api/messages/conversations", field.me.cookie), 50, 2),
    ),
    Attack("rendered content", Who.MANY, "REST", _rendered, hub="rendering"),
)
