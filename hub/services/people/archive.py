"""A ZIP file that is made a part at a time, for who writes it down or sends it.

Guarantees: what it holds in memory is what was not taken yet, and a directory of its members. Must
not know: what is in it, where it goes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_COMPRESSION: Final = 1  # makes text a fifth as long; more takes longer than reading it does


class Archive:
    """Blocking: to be called in a thread, by one task at a time."""

    def __init__(self) -> None:
        self._made = _Made()
        # it can only be written, so the length of a member stands behind it
        self._zip = ZipFile(self._made, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION)  # type: ignore[call-overload]  # nothing else is called
        self._member: IO[bytes] | None = None

    def begin(self, name: str, *, is_compressed: bool = True) -> None:
        """A new member, which `write` adds to."""
        self._end_member()
        info = ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.compress_type = ZIP_DEFLATED if is_compressed else ZIP_STORED
        info.external_attr = 0o600 << 16
        self._member = self._zip.open(info, "w", force_zip64=True)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Add to the member."""
        if self._member is None:
            raise ValueError("no member was begun")
        self._member.write(b"".join(pieces))

    def end(self) -> None:
        """There are no more members."""
        self._end_member()
        self._zip.close()

    def take(self, least: int = 0) -> bytes:
        """What was made since the last time; nothing if that is less than so many bytes."""
        return self._made.take() if self._made.size >= least else b""

    def _end_member(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            member.close()


class _Made:
    """A file that is written and taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """It is in memory."""

    def take(self) -> bytes:
        parts, self._parts, self.size = self._parts, [], 0
        return b"".join(parts)
