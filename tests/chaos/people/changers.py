"""Users who change confirmed messages, over REST and through all faults: edits, reactions,
deletions.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

import h11
import trio
from attrs import define, field, frozen

from tests.chaos.people.writers import GONE, Confirmed, Ear, Findings, Writer
from tests.chaos.server import Server
from tests.support.clients.http import request

PAUSE_SECONDS: Final = 0.3  # between two changes: `revisions` allow five a second
TRANSIENT: Final = {429, 503}
EMOJI: Final = "👍"


class Kind(StrEnum):
    """The kind of a change."""

    EDIT = "edits"
    REACT = "reactions"
    DELETE = "deletions"


@frozen
class Change:
    """A change of a message."""

    kind: Kind
    message: Confirmed

    @property
    def content(self) -> str:
        """The content of the message after an edit."""
        return f"{self.message.content}, edited"

    def call(self) -> tuple[str, str, object]:
        """The call that makes it."""
        path = f"/private_messages/api/messages/{self.message.id}"
        match self.kind:
            case Kind.EDIT:
                return "PATCH", path, {"content": self.content}
            case Kind.REACT:
                return "PUT", f"{path}/reactions/{quote(EMOJI)}", None
            case Kind.DELETE:
                return "DELETE", path, None

    def is_in(self, log: Mapping[int, Any]) -> bool:
        """Whether it was made, by a log by id, in which deleted messages are missing."""
        found = log.get(self.message.id)
        match self.kind:
            case Kind.EDIT:
                return found is not None and found["content"] == self.content
            case Kind.REACT:
                reactions = [] if found is None else found.get("reactions", [])
                return [each["emoji"] for each in reactions] == [EMOJI]
            case Kind.DELETE:
                return found is None


@define(eq=False)
class Changer:
    """Changes a writer's confirmed messages, each once, the kinds in turn, and only those that all
    devices have received: no event is sent for a message that is deleted before.

    Args:
        server: the hub, which may be down.
        writer: the author of the messages.
        ears: the devices.
        findings: get what is refused for no reason.

    `pending`: the changes without a response.
    """

    server: Server
    writer: Writer
    ears: Collection[Ear]
    findings: Findings
    acknowledged: list[Change] = field(factory=list)
    pending: list[Change] = field(factory=list)

    async def live(self) -> None:
        """Make changes until cancelled."""
        last = 0
        while True:
            await trio.sleep(PAUSE_SECONDS)
            message = self.writer.confirmed
            if message is None or self.writer.stopped:
                continue
            if last < message.seq <= min(ear.last for ear in self.ears):
                last = message.seq
                kinds = tuple(Kind)
                change = Change(kinds[len(self.acknowledged) % len(kinds)], message)
                self.pending.append(change)
                await self._carry_out(change)
                self.pending.clear()

    async def _carry_out(self, change: Change) -> None:
        method, path, body = change.call()
        key = f"{change.kind} {change.message.id}"
        headers = {"Cookie": self.writer.cookie, "Idempotency-Key": key}
        while True:
            with suppress(*GONE, h11.RemoteProtocolError), trio.move_on_after(10):
                async with await trio.open_tcp_stream("127.0.0.1", self.server.port) as stream:
                    reply = await request(stream, method, path, body, headers)
                if reply.status == 200:
                    self.acknowledged.append(change)
                    return
                if reply.status not in TRANSIENT:
                    self.findings.refused.append(f"{self.writer.name}, {change}: {reply.text}")
                    return
            await trio.sleep(0.1)
