"""A ZIP file that is made a part at a time, so that its caller can store or send each part.

Guarantees: it keeps in memory only the bytes that were not taken yet, and a directory of its
members. Must not know: what the members contain, where the file goes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_COMPRESSION: Final = 1  # makes text a fifth as long; a higher level takes longer than reading


class Archive:
    """Blocking: to be called in a thread, by one task at a time."""

    def __init__(self) -> None:
        self._made = _Made()
        # the file cannot be changed afterwards, so the length of a member is written behind it
        self._zip = ZipFile(self._made, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION)  # type: ignore[call-overload]  # nothing else is called
        self._member: IO[bytes] | None = None

    def begin(self, name: str, *, is_compressed: bool = True) -> None:
        """Begin a new member, which `write` adds to."""
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
        """Finish the file: there are no more members."""
        self._end_member()
        self._zip.close()

    def take(self, least: int = 0) -> bytes:
        """The bytes made since the last call; none if they are fewer than `least`."""
        return self._made.take() if self._made.size >= least else b""

    def _end_member(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            member.close()


class _Made:
    """A file object whose content can be taken away while it is written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing to do: the file is in memory."""

    def take(self) -> bytes:
        parts, self._parts, self.size = self._parts, [], 0
        return b"".join(parts)
