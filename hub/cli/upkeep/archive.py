"""A backup as one file: a tar archive.

    database/000000 ...     what `pg_dump` wrote, in its custom format, in pieces
    uploads/<day>/<name>    files, with their times, unless they are kept elsewhere
    thumbnails/<day>/<name>
    manifest.json           what this is, and the SHA-256 of everything above
    manifest.sha256         the SHA-256 of the manifest

Guarantees: the file gets its name once it is whole and on the disk; nothing is used of a damaged
one. Must not know: how a database is copied.
"""

import fcntl
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, Protocol, cast

from attrs import asdict, define, field, frozen

from hub.cli.failures import naming
from hub.files.store import THUMBNAILS, UPLOADS
from persistence.records import StoreError

FORMAT: Final = 1
WITHOUT_FILES: Final = 2
"""The format of an archive that names where the files are, and does not have them."""
PIECE_BYTES: Final = 8 << 20
DATABASE: Final = "database"
MANIFEST: Final = "manifest.json"
MANIFEST_HASH: Final = "manifest.sha256"
_MODE: Final = 0o600
_PARTS: Final = {DATABASE: 2, UPLOADS: 3, THUMBNAILS: 3}  # of the path of a member


class Readable(Protocol):
    """A source of bytes that is read from its beginning to its end."""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""


class NotWritten(StoreError):
    """A backup cannot be written; the text says why."""


class Damaged(StoreError):
    """The file is no backup, or not as it was written."""


class TooNew(StoreError):
    """A backup of a newer Parlour."""


@frozen
class Manifest:
    """The description of an archive.

    Args:
        format: the version of this format.
        version: of the Parlour that wrote it.
        made_at: when it was begun (ISO 8601, UTC).
        postgres: the version of the server, as `server_version_num`.
        epoch: of the log; None: not known.
        schema: the files of the schema, with their SHA-256.
        rows: the number of rows of each table.
        missing: the addresses of files that were removed while it was written.
        members: the SHA-256 of each other member.
        files_in: where the files are, if the archive does not have them; None: it has them.
    """

    format: int
    version: str
    made_at: str
    postgres: int
    epoch: str | None
    schema: Mapping[str, str]
    rows: Mapping[str, int]
    missing: Sequence[str]
    members: Mapping[str, str]
    files_in: str | None = None


@define
class ArchiveWriter:
    """Writes an archive, from its beginning to its end.

    Args:
        out: where to write; it need not be a file.
        name: what errors call `out`.

    Its methods raise OSError.
    """

    out: IO[bytes]
    name: str = "the archive"
    members: dict[str, str] = field(factory=dict, init=False)
    files: int = field(default=0, init=False)
    size: int = field(default=0, init=False)
    _pieces: int = field(default=0, init=False)
    _tar: tarfile.TarFile = field(init=False)
    _piece: bytearray = field(factory=bytearray, init=False)

    def __attrs_post_init__(self) -> None:
        self._tar = tarfile.open(  # noqa: SIM115  `finish` closes it
            fileobj=self.out, mode="w|", format=tarfile.PAX_FORMAT
        )

    def add_database(self, piece: bytes) -> None:
        """Add a piece of the database's copy."""
        self._piece += piece
        if len(self._piece) >= PIECE_BYTES:
            self._end_piece()

    def end_database(self) -> None:
        """The database's copy is complete."""
        if self._piece:
            self._end_piece()

    def add_file(self, name: str, size: int, modified: float, content: Readable) -> None:
        """Add a file with its size in bytes and the time at which it was written."""
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = size, _MODE, modified
        self._add(info, content)
        self.files += 1

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the end of the archive."""
        said = {name: value for name, value in asdict(manifest).items() if value is not None}
        content = json.dumps({"epoch": None, **said}, indent=1).encode()
        self._add_content(MANIFEST, content)
        self._add_content(MANIFEST_HASH, hashlib.sha256(content).hexdigest().encode())
        with naming(self.name):
            self._tar.close()
        self.size = self._tar.offset

    def _end_piece(self) -> None:
        self._add_content(f"{DATABASE}/{self._pieces:06}", bytes(self._piece))
        self._piece.clear()
        self._pieces += 1

    def _add_content(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), _MODE
        self._add(info, BytesIO(content))

    def _add(self, info: tarfile.TarInfo, content: Readable) -> None:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        hashed = _Hashed(content)
        with naming(self.name):
            self._tar.addfile(info, cast("IO[bytes]", hashed))  # it is only read from
        self.members[info.name] = hashed.sha256.hexdigest()


@define
class _Hashed:
    """A file that is hashed as it is read."""

    file: Readable
    sha256: Any = field(factory=hashlib.sha256, init=False)

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size)
        self.sha256.update(piece)
        return piece


@contextmanager
def written_beside(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when the context is left without an error. What an interrupted
    backup has left is overwritten.

    Raises:
        NotWritten: another process writes it, or the path is a device, a folder or a link.
        OSError: it cannot be written.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise NotWritten(f"{path} is no regular file: it is not replaced by a backup")
    part = path.with_name(f".{path.name}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with naming(path, part):
        number = os.open(part, flags, _MODE)
    with open(number, "r+b") as file:  # noqa: PTH123  no other opens so
        _require_alone(file, path, part)
        try:
            file.truncate()
            os.fchmod(file.fileno(), _MODE)
            yield file
            with naming(path, part):
                file.flush()
                os.fsync(file.fileno())
                part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def _require_alone(file: IO[bytes], path: Path, part: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_this = part.exists() and os.path.samestat(part.stat(), os.fstat(file.fileno()))
    except BlockingIOError:
        is_this = False
    if not is_this:
        raise NotWritten(f"Another backup is being written to {path}")


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Archive:
    """An archive that is read.

    Args:
        path: of the file.

    Raises:
        Damaged: the file is no archive, or its manifest is damaged.
        TooNew: it is an archive of a newer format.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest = self._read_manifest()

    def check(self) -> None:
        """Read everything and compare it with the manifest. Raises Damaged."""
        found = set[str]()
        for tar, info in self._members():
            if info.name in found:
                raise self._damaged(f"{info.name} is there twice")
            found.add(info.name)
            self._check(info, self._content(tar, info))
        missing = self.manifest.members.keys() - found
        if missing:
            raise self._damaged(f"{min(missing)} is missing")

    def database(self) -> Iterator[bytes]:
        """The database's copy, in pieces. Raises Damaged."""
        for tar, info in self._members():
            if info.name.startswith(f"{DATABASE}/"):
                content = b"".join(self._content(tar, info))
                self._check(info, [content])
                yield content

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """The key and the content of each file, to be read in their order. Raises Damaged."""
        for tar, info in self._members():
            if not info.name.startswith(f"{DATABASE}/"):
                yield info.name, self._content(tar, info)

    def restore_files(self, folder: Path) -> int:
        """Write the files where they belong in a data folder; returns how many. Raises Damaged."""
        count = 0
        for tar, info in self._members():
            if not info.name.startswith(f"{DATABASE}/"):
                place = folder / info.name
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with place.open("xb") as file:
                    self._check(info, _copied(self._content(tar, info), file))
                place.chmod(info.mode & 0o777)
                os.utime(place, (info.mtime, info.mtime))
                count += 1
        return count

    def _members(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """All members but the manifest and its hash. Raises Damaged: one is not known."""
        for tar, info in self._all():
            if info.name in (MANIFEST, MANIFEST_HASH):
                continue
            if info.name not in self.manifest.members or not _is_plain(info):
                raise self._damaged(f"{info.name} is not known")
            yield tar, info

    def _all(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        try:
            with tarfile.open(self._path, "r:") as tar:
                while (info := tar.next()) is not None:
                    tar.members = []  # type: ignore[attr-defined]  # or it keeps all of them
                    yield tar, info
        except tarfile.TarError as error:
            raise self._damaged(str(error)) from None

    def _check(self, info: tarfile.TarInfo, content: Iterator[bytes] | Sequence[bytes]) -> None:
        sha256, size = hashlib.sha256(), 0
        for piece in content:
            sha256.update(piece)
            size += len(piece)
        if size != info.size or sha256.hexdigest() != self.manifest.members[info.name]:
            raise self._damaged(f"{info.name} is not as it was written")

    def _read_manifest(self) -> Manifest:
        content = {MANIFEST: b"", MANIFEST_HASH: b""}
        for tar, info in self._all():
            if info.name in content:
                content[info.name] = b"".join(self._content(tar, info))
        if not content[MANIFEST]:
            raise self._damaged("its end is missing")
        if hashlib.sha256(content[MANIFEST]).hexdigest().encode() != content[MANIFEST_HASH]:
            raise self._damaged(f"{MANIFEST} is not as it was written")
        try:
            said: dict[str, Any] = json.loads(content[MANIFEST])
            if said["format"] > WITHOUT_FILES:
                raise TooNew(
                    f"{self._path} was written by Parlour {said['version']}, in a format that is"
                    " newer than this version"
                )
            return Manifest(**said)
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"{MANIFEST}: {error}") from None

    def _content(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
        try:
            file = tar.extractfile(info)
            while file is not None and (piece := file.read(PIECE_BYTES)):
                yield piece
        except tarfile.TarError as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, reason: str) -> Damaged:
        return Damaged(f"{self._path} is no backup of Parlour, or damaged: {reason}")


def _is_plain(info: tarfile.TarInfo) -> bool:
    """Whether a member is a file that may be written to the path that is its name."""
    parts = info.name.split("/")
    is_known = len(parts) == _PARTS.get(parts[0])
    return info.isreg() and is_known and not {"", ".", ".."} & set(parts)


def _copied(content: Iterator[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for piece in content:
        file.write(piece)
        yield piece
