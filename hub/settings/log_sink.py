"""Writes log lines in a thread, so that their reader can neither end the hub nor hold it up.

Guarantees: `write` never waits and never raises; lines are written in their order, or not at all:
those that do not fit into `MAX_CHARS` while nothing reads them, and those that cannot be written,
are dropped and counted, and a line with their number goes before the next one that is written. Must
not know: what is in a line.
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from io import UnsupportedOperation
from types import TracebackType
from typing import Final, Self, TextIO

MAX_CHARS: Final = 4 << 20  # that wait for a reader
CHUNK_CHARS: Final = 1 << 16  # that are written at once
CLOSE_SECONDS: Final = 2.0  # for what waits when the process ends


class LogSink:
    """A stream that is written by a thread of its own.

    Args:
        stream: where lines go; its own buffer must be empty.
        max_chars: how much may wait.
    """

    def __init__(self, stream: TextIO, max_chars: int = MAX_CHARS) -> None:
        self._stream = stream
        self._max_chars = max_chars
        self._waiting: deque[str] = deque()
        self._chars = 0  # that wait or are being written
        self._unreported = 0  # lines that were dropped, and no line has reported
        self._is_torn = False  # the last line that was written has no end
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        self.dropped = 0
        """How many lines were dropped since the start."""
        self.drop_notice: Callable[[int], str] = "{} log lines were dropped\n".format
        """Makes the line about lines that were dropped."""

    def write(self, text: str) -> int:
        """Queue lines, with their ends, to be written."""
        with self._changed:
            if self._is_closed or self._chars + len(text) > self._max_chars:
                self._drop(text.count("\n"))
            else:
                self._waiting.append(text)
                self._chars += len(text)
                self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread writes all lines as soon as it can."""

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Wait until everything was written, at most `seconds`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._unreported += count

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    return
                texts: list[str] = []
                size = 0
                while self._waiting and size < CHUNK_CHARS:
                    size += len(self._waiting[0])
                    texts.append(self._waiting.popleft())
                unreported = self._unreported
            reported, missing = self._put("".join(texts), unreported)
            with self._changed:
                self._chars -= size
                self._unreported -= reported
                self._drop(missing)

    def _put(self, text: str, unreported: int) -> tuple[int, int]:
        """Write lines, and before them one with the number of dropped lines; returns how many
        dropped lines that one reported, and how many of the lines could not be written.
        """
        torn = b"\n" if self._is_torn else b""
        notice = self.drop_notice(unreported).encode() if unreported else b""
        lines = text.encode(errors="backslashreplace")
        data = b"".join((torn, notice, lines))
        written = data[: _write(self._stream, data)]
        if written:
            self._is_torn = not written.endswith(b"\n")
        before = len(torn) + len(notice)
        missing = lines.count(b"\n") - written[before:].count(b"\n")
        return unreported if len(written) >= before else 0, missing


def _write(stream: TextIO, data: bytes) -> int:
    """Write lines, waiting for the reader; returns how many bytes could be written."""
    written = 0
    try:
        while written < len(data):
            try:
                written += os.write(stream.fileno(), data[written:])
            except UnsupportedOperation:  # a test's stream, which is no file
                stream.write(data.decode())
                written = len(data)
            except BlockingIOError:  # another process has made the file non-blocking
                select.select([], [stream.fileno()], [])
    except (OSError, ValueError):  # the latter: it is closed
        pass
    return written
