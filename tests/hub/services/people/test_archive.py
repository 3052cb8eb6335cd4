"""A file that is there as a whole or not at all."""

import stat
from pathlib import Path
from zipfile import ZipFile

import pytest

from hub.services.people.archive import Archive
from tests.support.machine.disks import small_disk


def test_it_is_there_when_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    (tmp_path / "cat").write_bytes(b"meow" * 1_000)
    archive = Archive(path)
    archive.begin("one.txt")
    archive.write([b"1", b"2"])
    archive.write([b"3"])
    assert archive.copy(tmp_path / "cat", "files/cat")
    assert not archive.copy(tmp_path / "dog", "files/dog")
    archive.begin("empty.txt")
    assert not path.exists()
    assert archive.keep() == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with ZipFile(path) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            "one.txt": b"123",
            "files/cat": b"meow" * 1_000,
            "empty.txt": b"",
        }
    assert {each.name for each in tmp_path.iterdir()} == {"a.zip", "cat"}


def test_nothing_is_left_of_one_that_is_abandoned(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a.zip")
    archive.begin("one.txt")
    archive.write([b"1"])
    archive.abandon()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    late = Archive(path)
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="is there already"):
        Archive(path)
    with pytest.raises(FileExistsError):
        late.keep()
    late.abandon()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path, 65_536) as disk:
        (tmp_path / "big").write_bytes(b"x" * 1_000_000)
        archive = Archive(disk / "a.zip")
        archive.begin("one.txt")
        archive.write([b"1"])
        with pytest.raises(OSError, match="No space left"):
            archive.copy(tmp_path / "big", "big")
        archive.abandon()
        assert list(disk.iterdir()) == []
