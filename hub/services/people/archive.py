"""A ZIP file that is there as a whole or not at all.

Guarantees: it is written beside its place under another name, readable for its owner alone, synced,
and then given its name; if it is not finished nothing is left of it, but for a hidden `.part` file
when the process is killed. What it holds in memory is a directory of its members. Must not know:
what is in it.
"""

import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from hub.files.folder import sync

PIECE_BYTES: Final = 262_144
_COMPRESSION: Final = 1  # makes text a fifth as long; more takes longer than reading it does


class Archive:
    """Blocking: to be called in a thread, by one task at a time. Ends with `keep` or `abandon`.

    Args:
        path: where it is once it is kept.

    Raises:
        FileExistsError: there is something already.
        OSError: the system does not let it be written, for example because there is no room; so
            does each of the methods.
    """

    def __init__(self, path: Path) -> None:
        _require_free(path)
        self._path = path
        self._part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        number = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = open(number, "wb")  # noqa: PTH123, SIM115  the mode is given when it is made
        self._zip = ZipFile(self._file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION)
        self._member: IO[bytes] | None = None

    def begin(self, name: str) -> None:
        """A new member, which `write` adds to."""
        self._end_member()
        self._member = self._zip.open(name, "w", force_zip64=True)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Add to the member."""
        if self._member is None:
            raise ValueError("no member was begun")
        self._member.write(b"".join(pieces))

    def copy(self, path: Path, name: str) -> bool:
        """A member that is a file; False: there is no such file."""
        self._end_member()
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return False
        with source:
            info = ZipInfo.from_file(path, name)
            info.compress_type = ZIP_STORED
            with self._zip.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, PIECE_BYTES)
        return True

    def keep(self) -> int:
        """It is whole; returns its length in bytes."""
        self._end_member()
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        length = self._file.tell()
        self._file.close()
        _require_free(self._path)  # it took a while
        self._part.replace(self._path)
        sync(self._path.parent)
        return length

    def abandon(self) -> None:
        """Leave nothing of it."""
        for close in (self._end_member, self._zip.close, self._file.close):
            with suppress(OSError, ValueError):  # it is only closed to be removed
                close()
        self._part.unlink(missing_ok=True)

    def _end_member(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            member.close()


def _require_free(path: Path) -> None:
    if path.exists():
        raise FileExistsError(f"{path} is there already")
