"""Files on disk, under names that nobody can guess."""

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
