"""Pictures, decoded and encoded again in a process of their own: see `hub.files.picture_worker`.

Guarantees: no decoder ever runs in the hub's process; each picture has a process of its own, which
is killed when it takes too long or its request is cancelled, has a lower priority than the hub, and
whose failure, whatever its reason, is an error of that picture alone; a limited number run at a
time, one for each owner, owners take turns, and a limited number wait; the output of a process is
limited in bytes, and is a picture of the same kind. Must not know: what an owner is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Hashable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import structlog
import trio
from attrs import field, frozen

from hub.files.kinds import GIF, JPEG, PNG, WEBP, kind_of
from hub.limits.turns import NoTurn, Turns

log = structlog.get_logger(__name__)

THUMBNAIL_PIXELS: Final = 480  # of its longer side
WORKER_SECONDS: Final = 30.0
PROCESSOR_SECONDS: Final = 20
MEMORY_BYTES: Final = 268_435_456  # of the worker without a picture
BYTES_PER_PIXEL: Final = 16  # decoded, turned, converted and encoded
WAITING_PER_WORKER: Final = 16
NICENESS: Final = 10  # of a worker, beside that of the hub
_WORKER: Final = Path(__file__).with_name("picture_worker.py")
_FORMATS: Final = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}


class PictureTooLarge(Exception):
    """It has more pixels than are decoded, all frames together."""


class PictureUnreadable(Exception):
    """It cannot be decoded, or not within the limits."""


class TooManyPictures(Exception):
    """All workers are busy, and too many pictures wait."""


@frozen
class Picture:
    """A picture without metadata; `thumbnail` is in WebP."""

    content: bytes
    width: int
    height: int
    thumbnail: bytes


def worker_command() -> tuple[str, ...]:
    """The command of the worker; with it Python ignores its environment variables."""
    return (sys.executable, "-I", str(_WORKER))


@frozen
class Pictures:
    """Encodes pictures.

    Args:
        max_pixels: how many pixels are decoded at most, all frames of an animation together.
        max_bytes: how many bytes an encoded picture may have, together with its thumbnail.
        workers: how many processes run at a time.
        command: starts one.

    `turns`: of the owners.
    """

    max_pixels: int
    max_bytes: int
    workers: int
    command: Sequence[str] = field(factory=worker_command)
    turns: Turns = field(init=False)

    @turns.default
    def _of_workers(self) -> Turns:
        return Turns(self.workers, total=WAITING_PER_WORKER * self.workers)

    async def encode(self, content: bytes, kind: str, owner: Hashable = None) -> Picture:
        """The picture, encoded again in the same format.

        Args:
            content: the file.
            kind: its type.
            owner: whose picture it is.

        Raises:
            PictureTooLarge: see there.
            PictureUnreadable: see there.
            TooManyPictures: see there.
        """
        try:
            async with self.turns.line(owner).place():
                answer = await self._answer(content, _FORMATS[kind])
        except NoTurn:
            raise TooManyPictures from None
        found = _read(answer)
        if found is None or kind_of(found.content, "") != kind:
            raise PictureUnreadable
        return found

    async def _answer(self, content: bytes, kind: str) -> bytes:
        """The output of the worker; empty, if it took too long or wrote too much."""
        memory = MEMORY_BYTES + BYTES_PER_PIXEL * self.max_pixels
        limits = (self.max_pixels, THUMBNAIL_PIXELS, memory, PROCESSOR_SECONDS)
        run = partial(
            trio.run_process,
            [*self.command, kind, *map(str, limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            deliver_cancel=_kill,
            cwd="/",
            env={},
        )
        answer = b""
        with trio.move_on_after(WORKER_SECONDS) as deadline:
            async with trio.open_nursery() as nursery:
                process: trio.Process = await nursery.start(run)
                _step_back(process)
                nursery.start_soon(_feed, process, content)
                answer = await self._receive(process)
                nursery.cancel_scope.cancel()
        if deadline.cancelled_caught or not answer:
            log.warning("picture_worker_failed", took_too_long=deadline.cancelled_caught)
            return b""
        return answer

    async def _receive(self, process: trio.Process) -> bytes:
        assert process.stdout is not None  # noqa: S101  it is a pipe
        parts: list[bytes] = []
        left = self.max_bytes
        async for part in process.stdout:
            parts.append(bytes(part))
            left -= len(part)
            if left < 0:
                return b""
        return b"".join(parts)


def _read(answer: bytes) -> Picture | None:
    """The picture in a worker's output; None if the output is invalid. It is not trusted, because
    the picture may have exploited the decoder.

    Raises:
        PictureTooLarge: the worker reported that.
    """
    head, _, body = answer.partition(b"\n")
    try:
        said = json.loads(head)
    except ValueError:
        return None
    match said:
        case {"width": int(width), "height": int(height), "sizes": [int(size), int(rest)]}:
            fits = 0 < size < len(body) == size + rest and width > 0 and height > 0
            found = Picture(body[:size], width, height, body[size:])
            return found if fits and kind_of(found.thumbnail, "") == WEBP else None
        case {"error": "too_large"}:
            raise PictureTooLarge
        case _:
            return None


async def _feed(process: trio.Process, content: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  it is a pipe
    with suppress(trio.BrokenResourceError):  # it ended before it had read everything
        async with process.stdin:
            await process.stdin.send_all(content)


def _step_back(process: trio.Process) -> None:
    """Lower the priority of a worker, before it gets its picture."""
    niceness = os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
    with suppress(ProcessLookupError):  # it has ended
        os.setpriority(os.PRIO_PROCESS, process.pid, niceness)


async def _kill(process: trio.Process) -> None:
    process.kill()
