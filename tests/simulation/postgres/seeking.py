"""Somebody who writes, edits, deletes and searches over REST, one thing after the other: what a
search finds is as it is now, and in the end, when everything is indexed, it finds all of it.
"""

import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import h11
import trio
from attrs import define, field

from tests.simulation.postgres.people import GONE, Connect, Note
from tests.support.clients.http import Reply, request

RETRY_SECONDS: Final = 0.05
ANSWER_SECONDS: Final = 5.0
TRANSIENT: Final = {429, 503}
BASE: Final = "/private_messages/api/messages"
PAGE: Final = 10


@define(eq=False)
class Seeker:
    """One person, alone with a friend who only reads.

    Args:
        cookie: of their session.
        friend: to whom they write.
        connect: to the hub, as soon as it runs.
        note: is told what happens.
        dice: decide what they do.

    `written`: what each message says now, by id; None: it is deleted. `has_found_all`: the last
    search did.
    """

    cookie: str
    friend: int
    connect: Connect
    note: Note
    dice: random.Random
    written: dict[int, str | None] = field(factory=dict)
    problems: list[str] = field(factory=list)
    is_calm: bool = False
    has_found_all: bool = False
    searches: int = 0
    _count: int = 0

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            await trio.sleep(self.dice.random() * 0.1)
            there = [each for each, content in self.written.items() if content is not None]
            chosen = self.dice.random()
            if self.is_calm or chosen < 0.4:
                await self._search()
            elif chosen < 0.7 or not there:
                await self._write()
            else:
                await self._change(self.dice.choice(there))

    async def _write(self) -> None:
        content = self._text()
        sent = await self._insist("POST", f"{BASE}/{self.friend}", {"content": content})
        self.written[sent["id"]] = content

    async def _change(self, message_id: int) -> None:
        if self.dice.random() < 0.4:
            await self._insist("DELETE", f"{BASE}/{message_id}")
            self.written[message_id] = None
        else:
            content = self._text()
            await self._insist("PATCH", f"{BASE}/{message_id}", {"content": content})
            self.written[message_id] = content

    def _text(self) -> str:
        self._count += 1
        return f"needle {self._count}"

    async def _search(self) -> None:
        found: dict[int, str] = {}
        path = f"{BASE}/search?q={quote('needle')}&limit={PAGE}"
        while True:
            reply = await self._ask("GET", path)
            if reply is None or reply.status in TRANSIENT:
                return
            if reply.status != 200:
                self.problems.append(f"a search was answered {reply.status} {reply.text}")
                return
            page = [each["message"] for each in reply.json]
            ids = [*found, *(each["id"] for each in page)]
            if ids != sorted(set(ids), reverse=True):
                self.problems.append(f"found in this order: {ids}")
            found |= {each["id"]: each["content"] for each in page}
            link = reply.headers.get("link")
            if link is None:
                break
            path = f"{BASE}/search{link[1 : link.index('>')]}"
        self._judge(found)

    def _judge(self, found: Mapping[int, str]) -> None:
        self.searches += 1
        self.note("seeker", f"finds {len(found)} of {len(self.written)}")
        wrong = {each: text for each, text in found.items() if self.written.get(each) != text}
        if wrong:
            self.problems.append(f"found {wrong}, written was {self.written}")
        there = {each: text for each, text in self.written.items() if text is not None}
        self.has_found_all = found == there

    async def _insist(self, method: str, path: str, body: object = None) -> Any:
        """Again and again, under one key, until it is done."""
        key = f"seek-{self._count}-{method}-{path}"
        self.note("seeker", f"{method} {path} {body}")
        while True:
            reply = await self._ask(method, path, body, {"Idempotency-Key": key})
            if reply is not None and reply.status in (200, 201):
                return reply.json
            if reply is not None and reply.status not in TRANSIENT:
                self.problems.append(f"{method} {path} was answered {reply.status} {reply.text}")
                await trio.sleep_forever()
            await trio.sleep(RETRY_SECONDS)

    async def _ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply | None:
        """None: no answer came."""
        with suppress(*GONE, h11.RemoteProtocolError), trio.move_on_after(ANSWER_SECONDS):
            async with await self.connect() as stream:
                fields = {"Cookie": self.cookie, **(headers or {})}
                return await request(stream, method, path, body, fields)
        return None
