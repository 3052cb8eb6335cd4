"""The other workers of the same parent: an operator's call to one of them is for all.

Guarantees: a sibling that does not respond in time, or has just ended, is left out; a sibling that
is called calls no others. Must not know: what a call is about.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import structlog
import trio
from attrs import frozen

log = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 5.0
MAX_BYTES: Final = 16 << 20
MAX_SIBLINGS: Final = 64
SUFFIX: Final = ".sock"
_OK: Final = b"200"


@frozen
class Siblings:
    """The other workers.

    Args:
        folder: has a socket of each, and of this worker; None: there are none.
        name: of this worker.
        number: of this worker, from 1.
    """

    folder: Path | None = None
    name: str = ""
    number: int = 1

    def numbers(self) -> Iterator[int]:
        """Increasing numbers that no other worker has."""
        return itertools.count(self.number, 1 if self.folder is None else MAX_SIBLINGS)

    async def ask(self, method: str, path: str, body: object = None) -> Sequence[object]:
        """Call the other workers; returns the JSON of each response with status 200.

        Args:
            method: of HTTP.
            path: with its query.
            body: is sent as JSON, if it is not None.
        """
        if self.folder is None:
            return []
        own = self.folder / f"{self.name}{SUFFIX}"
        answers: list[object] = []

        async def ask_one(place: Path) -> None:
            try:
                with trio.fail_after(ANSWER_SECONDS):
                    answer = await fetch(place, method, path, body)
            except (OSError, trio.TooSlowError, trio.BrokenResourceError) as error:
                log.warning("worker_does_not_answer", worker=place.stem, reason=str(error))
                return
            if answer is not None:
                answers.append(json.loads(answer))

        async with trio.open_nursery() as nursery:
            for place in sorted(self.folder.glob(f"*{SUFFIX}")):
                if place != own:
                    nursery.start_soon(ask_one, place)
        return answers


ALONE: Final = Siblings()


async def fetch(place: Path, method: str, path: str, body: object = None) -> bytes | None:
    """Call the socket of a worker; returns the body of the response, None if its status is not 200.

    Raises:
        OSError: no worker listens there.
        trio.BrokenResourceError: the connection broke.
    """
    payload = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(payload)}",
    )
    async with await trio.open_unix_socket(str(place)) as stream:
        await stream.send_all("\r\n".join((*head, "", "")).encode() + payload)
        data = bytearray()
        while len(data) < MAX_BYTES and (part := await stream.receive_some()):
            data += part
    start, _, content = bytes(data).partition(b"\r\n\r\n")
    return content if start.split(b" ", 2)[1:2] == [_OK] else None
