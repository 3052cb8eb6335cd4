"""A user who calls the hub over REST, one call after the other, each until it succeeds."""

import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import h11
import trio
from attrs import define, field

from tests.simulation.postgres.people import GONE, Connect, Note
from tests.support.clients.http import Reply, request

RETRY_SECONDS: Final = 0.05
ANSWER_SECONDS: Final = 5.0
TRANSIENT: Final = {429, 503}
API: Final = "/private_messages/api"


@define(eq=False)
class Caller:
    """One user, who has a friend that only reads.

    Args:
        cookie: of the user's session.
        friend: the recipient of the user's messages.
        connect: opens a connection to the hub, as soon as it runs.
        note: writes the trace.
        dice: decide what the user does.
    """

    cookie: str
    friend: int
    connect: Connect
    note: Note
    dice: random.Random
    problems: list[str] = field(factory=list)
    is_calm: bool = False
    calls: int = 0

    async def insist(self, method: str, path: str, body: object = None) -> Any:
        """Call again and again, under one key, until it succeeds; returns the response."""
        self.calls += 1
        key = f"call-{self.calls}"
        self.note("caller", f"{method} {path} {body}")
        while True:
            reply = await self.ask(method, path, body, {"Idempotency-Key": key})
            if reply is not None and reply.status in (200, 201):
                return reply.json
            if reply is not None and reply.status not in TRANSIENT:
                self.problems.append(f"{method} {path} was answered {reply.status} {reply.text}")
                await trio.sleep_forever()
            await trio.sleep(RETRY_SECONDS)

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply | None:
        """Make one call; None: no response came."""
        with suppress(*GONE, h11.RemoteProtocolError), trio.move_on_after(ANSWER_SECONDS):
            async with await self.connect() as stream:
                fields = {"Cookie": self.cookie, **(headers or {})}
                return await request(stream, method, API + path, body, fields)
        return None
