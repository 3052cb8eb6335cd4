"""Files on disk, under names that nobody can guess."""

import os
import re
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from hub.files.folder import PIECE_BYTES, NoSuchAddress, UploadFolder, is_full
from tests.support.machine.disks import small_disk


def test_a_file_is_where_its_address_says_and_no_one_elses(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    urls = [folder.write("a.txt", f"text {number}".encode()) for number in range(20)]
    assert len(set(urls)) == 20
    for number, url in enumerate(urls):
        assert re.fullmatch(r"/uploads/\d{4}-\d\d-\d\d/[0-9a-f]{32}_a\.txt", url)
        assert folder.path_of(url) == tmp_path / url[1:]
        assert folder.path_of(url).read_bytes() == f"text {number}".encode()
    assert len({url.partition("_")[0][-32:-24] for url in urls}) == 20  # of a clock: alike
    assert len(list(tmp_path.rglob("*.txt"))) == 20  # and nothing else is left behind


@pytest.mark.parametrize(
    "url",
    [
        "/uploads/../parlour.toml",
        "/uploads/../../etc",
        "/uploads/a/..",
        "/uploads/a",
        "/uploads/a/b/c",
        "/other/a/b",
        "/uploads/a/\x00",
        "",
    ],
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, url: str) -> None:
    with pytest.raises(NoSuchAddress):
        UploadFolder(tmp_path).path_of(url)


def test_files_are_removed_as_far_as_they_are_there(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    one, other = folder.write("a.txt", b"a"), folder.write("b.txt", b"b")
    assert not folder.remove([one, one, "/uploads/2020-01-01/none", "/uploads/../x", other])
    assert not list(tmp_path.rglob("*.txt"))


def test_what_cannot_be_removed_does_not_keep_the_others(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    url = folder.write("a.txt", b"a")
    (tmp_path / "uploads/2020-01-01/full").mkdir(parents=True)
    assert len(folder.remove(["/uploads/2020-01-01/full", url])) == 1
    assert not folder.path_of(url).exists()


def test_old_files_are_found_by_day(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    assert folder.days() == []
    old, new = folder.write("old.txt", b"a"), folder.write("new.txt", b"b")
    os.utime(folder.path_of(old), (0, 0))
    (day,) = folder.days()
    assert folder.older_than(60.0, day) == [old]
    assert sorted(folder.older_than(-60.0, day)) == sorted([old, new])


def test_a_thumbnail_is_beside_its_file_and_goes_with_it(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    url = folder.write("a.png", b"picture", b"small")
    assert folder.path_of(url).read_bytes() == b"picture"
    assert folder.thumbnail_of(url).read_bytes() == b"small"
    assert folder.thumbnail_of(url) == tmp_path / url[1:].replace("uploads", "thumbnails", 1)
    folder.path_of(url).unlink()  # of a thumbnail that was left alone, the address is found too
    assert folder.older_than(-60.0, folder.days()[0]) == [url]
    assert not folder.remove([url])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("thumbnail", [None, b"small"])
def test_nothing_is_left_of_what_there_is_no_room_for(
    tmp_path: Path, thumbnail: bytes | None
) -> None:
    with small_disk(tmp_path, 64 << 10) as disk:
        folder = UploadFolder(disk)
        with pytest.raises(OSError, match="No space") as failed:
            folder.write("a.png", b"x" * (80 << 10), thumbnail)
        assert is_full(failed.value)
        assert not [path for path in disk.rglob("*") if path.is_file()]
        assert folder.write("a.png", b"picture", thumbnail)


def test_a_file_is_synced_before_it_has_its_name_and_the_name_after_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the machine leaves the file that was promised."""
    happened: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(number: int) -> None:
        happened.append(f"sync {Path(f'/proc/self/fd/{number}').readlink().name}")
        sync(number)

    def note_name(path: Path, target: Path) -> Path:
        happened.append("name")
        return replace(path, target)

    folder = UploadFolder(tmp_path)
    folder.write("first.txt", b"makes the folders")
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "fdatasync", note_sync)
    monkeypatch.setattr(Path, "replace", note_name)
    url = folder.write("a.txt", b"a" * (PIECE_BYTES + 1))
    path = folder.path_of(url)
    assert happened == [*[f"sync .{path.name}.part"] * 2, "name", f"sync {path.parent.name}"]
    happened.clear()
    UploadFolder(tmp_path / "new").write("a.txt", b"a")
    assert [each for each in happened if each.endswith(("uploads", "new"))] == [
        "sync uploads", "sync new",
    ]  # fmt: skip


async def test_one_file_is_written_at_a_time(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path)
    async with trio.open_nursery() as nursery, folder.writer:
        nursery.start_soon(folder.keep, "a.txt", b"a")
        await wait_all_tasks_blocked()
        assert folder.writer.statistics().tasks_waiting == 1
        assert not list(tmp_path.iterdir())
    assert [path.read_bytes() for path in tmp_path.rglob("*_a.txt")] == [b"a"]
