"""A backup's file: it is complete or absent, and nothing of a damaged one is used."""

import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.cli.upkeep.archive import (
    FORMAT,
    PIECE_BYTES,
    WITHOUT_FILES,
    Archive,
    ArchiveWriter,
    Damaged,
    Manifest,
    NotWritten,
    TooNew,
    written_beside,
)

DAY = "uploads/2026-11-27"


def add_file(writer: ArchiveWriter, name: str, file: Path) -> None:
    about = file.stat()
    with file.open("rb") as content:
        writer.add_file(name, about.st_size, about.st_mtime, content)


def write(path: Path, *, form: int = FORMAT, database: bytes = b"dump", **files: Path) -> None:
    """An archive; files by the last part of their names."""
    with written_beside(path) as out:
        writer = ArchiveWriter(out)
        writer.add_database(database)
        writer.end_database()
        for name, file in files.items():
            add_file(writer, f"{DAY}/{name}", file)
        about: dict[str, object] = {
            "format": form, "version": "9.9", "made_at": "2026-11-27T00:00:00Z",
            "postgres": 180_000, "epoch": None, "schema": {"schema/0001.sql": "00"},
            "rows": {"messages": 3}, "missing": [], "members": writer.members,
        }  # fmt: skip
        writer.finish(Manifest(**about))  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 5)
    file.chmod(0o640)
    os.utime(file, (1, 1_000_000_000))
    return file


def contents(path: Path) -> list[bytes]:
    """What is restored from an archive."""
    folder = path.parent / "restored"
    if folder.exists():
        for old in folder.rglob("*_*"):
            old.unlink()
    archive = Archive(path)
    archive.check()
    archive.restore_files(folder)
    restored = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    return [b"".join(archive.database()), *(each.read_bytes() for each in restored)]


def test_an_archive_is_read_as_it_was_written(tmp_path: Path, file: Path) -> None:
    database = os.urandom(PIECE_BYTES + 1)
    write(tmp_path / "a.tar", database=database, a_b=file)
    archive = Archive(tmp_path / "a.tar")
    assert archive.manifest.rows == {"messages": 3}
    archive.check()
    assert b"".join(archive.database()) == database
    assert archive.restore_files(tmp_path / "data") == 1
    restored = tmp_path / "data" / DAY / "a_b"
    assert restored.read_bytes() == file.read_bytes()
    assert restored.stat().st_mtime == 1_000_000_000
    assert stat.S_IMODE(restored.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a.tar").stat().st_mode) == 0o600


def test_a_changed_bit_is_detected_or_harmless(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "a.tar"
    write(path, database=os.urandom(700), a_b=file)
    good, before = path.read_bytes(), contents(path)
    noticed = 0
    for position in range(0, len(good), 29):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        path.write_bytes(bad)
        try:
            assert contents(path) == before, position
        except Damaged:
            noticed += 1
    assert noticed > 100


def test_a_truncated_archive_is_detected(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "a.tar"
    write(path, database=os.urandom(700), a_b=file)
    good = path.read_bytes()
    end = good.rindex(b"manifest.sha256") + 512 + 64  # the rest is padding
    for length in [*range(0, end, 101), end - 1]:
        path.write_bytes(good[:length])
        with pytest.raises(Damaged):
            contents(path)


def test_a_newer_format_is_refused_with_its_version(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", form=WITHOUT_FILES + 1)
    with pytest.raises(TooNew, match=r"Parlour 9\.9"):
        Archive(tmp_path / "a.tar")


@pytest.mark.parametrize(
    "name",
    [
        "uploads/../x",
        "uploads/a",
        "uploads/a/b/c",
        "x/a/b",
        "uploads//b",
        "database",
    ],
)
def test_an_archive_with_a_file_outside_of_the_known_folders_is_refused(
    tmp_path: Path, file: Path, name: str
) -> None:
    with (tmp_path / "a.tar").open("wb") as out:
        writer = ArchiveWriter(out)
        add_file(writer, name, file)
        writer.finish(Manifest(FORMAT, "1", "", 180_000, None, {}, {}, [], writer.members))
    archive = Archive(tmp_path / "a.tar")
    with pytest.raises(Damaged, match="not known"):
        archive.check()
    with pytest.raises(Damaged, match="not known"):
        archive.restore_files(tmp_path / "data")


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.tar").open("wb") as out:
        writer = ArchiveWriter(out)
        members = {f"{DAY}/a": "0" * 64}
        with tarfile.open(fileobj=out, mode="w|") as tar:
            link = tarfile.TarInfo(f"{DAY}/a")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc"
            tar.addfile(link)
            out.flush()
            out.truncate()
        out.seek(0)
        out.write((tmp_path / "a.tar").read_bytes()[:512])
        out.truncate()
        out.seek(512)
        writer.finish(Manifest(FORMAT, "1", "", 180_000, None, {}, {}, [], members))
    with pytest.raises(Damaged, match="not known"):
        Archive(tmp_path / "a.tar").check()


@pytest.mark.parametrize("content", [b"", b"x" * 600, b"\0" * 20_480])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(Damaged, match=r"no backup of Parlour, or damaged"):
        Archive(tmp_path / "a.tar")


def test_a_file_gets_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(b"older")
    with written_beside(path) as out:
        out.write(b"new")
        out.flush()
        assert path.read_bytes() == b"older"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path) -> None:
    def interrupted() -> None:
        with written_beside(tmp_path / "a.tar") as out:
            out.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_the_requested_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing, written_beside(tmp_path / "none/a.tar"):
        pass
    assert missing.value.filename == str(tmp_path / "none/a.tar")


def test_the_partial_file_of_a_killed_backup_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".a.tar.part").write_bytes(b"left behind")
    (tmp_path / ".a.tar.part").chmod(0o644)
    with written_beside(tmp_path / "a.tar") as out:
        out.write(b"new")
    assert (tmp_path / "a.tar").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a.tar").stat().st_mode) == 0o600


def test_two_backups_do_not_write_to_one_file(tmp_path: Path) -> None:
    with written_beside(tmp_path / "a.tar") as out:
        out.write(b"one")
        second = written_beside(tmp_path / "a.tar")
        with pytest.raises(NotWritten, match="Another backup"):
            second.__enter__()
    assert (tmp_path / "a.tar").read_bytes() == b"one"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("a.tar")])
def test_a_path_that_is_no_regular_file_is_not_replaced(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "there"
    make(path)
    before = path.lstat()
    with pytest.raises(NotWritten, match="no regular file"), written_beside(path):
        raise AssertionError("it is written")
    assert path.lstat() == before
    assert [each.name for each in tmp_path.iterdir()] == ["there"]
