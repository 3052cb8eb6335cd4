"""Files on disk, under names that nobody can guess."""

import os
import re
from pathlib import Path

import pytest

from hub.files.folder import NoSuchAddress, UploadFolder


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
