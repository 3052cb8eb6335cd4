"""A user who writes, edits, deletes and searches over REST, one call after the other: a search
finds messages in their current state, and in the end, when everything is indexed, it finds all of
them.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import trio
from attrs import define, field

from tests.simulation.postgres.calling import TRANSIENT, Caller

BASE: Final = "/messages"
PAGE: Final = 10


@define(eq=False)
class Seeker(Caller):
    """That user.

    `written`: the current content of each message, by id; None: it is deleted. `has_found_all`: the
    last search did.
    """

    written: dict[int, str | None] = field(factory=dict)
    has_found_all: bool = False
    searches: int = 0
    _count: int = 0

    async def live(self) -> None:
        """Act until cancelled."""
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
        sent = await self.insist("POST", f"{BASE}/{self.friend}", {"content": content})
        self.written[sent["id"]] = content

    async def _change(self, message_id: int) -> None:
        if self.dice.random() < 0.4:
            await self.insist("DELETE", f"{BASE}/{message_id}")
            self.written[message_id] = None
        else:
            content = self._text()
            await self.insist("PATCH", f"{BASE}/{message_id}", {"content": content})
            self.written[message_id] = content

    def _text(self) -> str:
        self._count += 1
        return f"needle {self._count}"

    async def _search(self) -> None:
        found: dict[int, str] = {}
        path = f"{BASE}/search?q={quote('needle')}&limit={PAGE}"
        while True:
            reply = await self.ask("GET", path)
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
