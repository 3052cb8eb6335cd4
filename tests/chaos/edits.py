"""People who edit what they wrote, each message once, and repeat that until it is answered."""

from contextlib import suppress

import h11
import trio
from attrs import define, field

from tests.chaos.people import GONE, Findings, Writer
from tests.chaos.server import Server
from tests.support.clients.http import request

EDIT_SECONDS = 0.3  # between two edits: `revisions` allow five a second
TRANSIENT = {429, 503}


@define(eq=False)
class Editor:
    """Edits a writer's acknowledged messages over REST.

    Args:
        server: the hub, which may not be there.
        writer: whose messages.
        findings: get what is refused for no reason.

    `acknowledged`: by message id, what it says now. `pending`: whose edit is not
    answered.
    """

    server: Server
    writer: Writer
    findings: Findings
    acknowledged: dict[int, str] = field(factory=dict)
    pending: int | None = None

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            await trio.sleep(EDIT_SECONDS)
            unedited = self.writer.stored.keys() - self.acknowledged.keys()
            if unedited and not self.writer.stopped:
                self.pending = max(unedited)
                await self._edit(self.pending)
                self.pending = None

    async def _edit(self, message_id: int) -> None:
        content = f"{self.writer.stored[message_id]}, edited"
        path = f"/private_messages/api/messages/{message_id}"
        headers = {"Cookie": self.writer.cookie, "Idempotency-Key": f"edit {message_id}"}
        while True:
            with suppress(*GONE, h11.RemoteProtocolError), trio.move_on_after(10):
                async with await trio.open_tcp_stream("127.0.0.1", self.server.port) as stream:
                    reply = await request(stream, "PATCH", path, {"content": content}, headers)
                if reply.status == 200:
                    self.acknowledged[message_id] = content
                    return
                if reply.status not in TRANSIENT:
                    self.findings.refused.append(f"{self.writer.name} edits: {reply.text}")
                    return
            await trio.sleep(0.1)
