"""Uploaded files by their addresses, in any file store."""

import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from trio.testing import MockClock

from hub.files.folder import FolderStore
from hub.files.store import FilesMisconfigured, FilesUnavailable, NoRoom
from hub.files.uploads import QUIET_SECONDS, NoSuchAddress, UploadFiles, key_of, thumbnail_key
from hub.settings.setting import ConfigError
from tests.support.files.failing import Failing
from tests.support.files.folders import files_in, path_of, thumbnail_of


async def test_a_file_is_stored_at_an_address_of_its_own(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    urls = [await files.keep("a.txt", f"text {number}".encode()) for number in range(20)]
    assert len(set(urls)) == 20
    for number, url in enumerate(urls):
        assert re.fullmatch(r"/uploads/\d{4}-\d\d-\d\d/[0-9a-f]{32}_a\.txt", url)
        assert path_of(tmp_path, url) == tmp_path / url[1:]
        assert path_of(tmp_path, url).read_bytes() == f"text {number}".encode()
    assert len({url.partition("_")[0][-32:-24] for url in urls}) == 20  # made from a clock: alike
    assert len(list(tmp_path.rglob("*.txt"))) == 20  # and nothing else is left behind


@pytest.mark.parametrize(
    "url",
    ["/uploads/../parlour.toml", "/uploads/../../etc", "/uploads/a/..", "/uploads/a",
     "/uploads/a/b/c", "/other/a/b", "/uploads/a/\x00", "", "uploads/a/b", "//uploads/a/b",
     "/uploads/a//b"],
)  # fmt: skip
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(NoSuchAddress):
        key_of(url)
    with pytest.raises(NoSuchAddress):
        thumbnail_key(url)


async def test_a_thumbnail_is_beside_its_file_and_is_removed_with_it(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    url = await files.keep("a.png", b"picture", b"small")
    assert path_of(tmp_path, url).read_bytes() == b"picture"
    assert thumbnail_of(tmp_path, url).read_bytes() == b"small"
    assert await files.remove([url, "https://x/y"]) == {}
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_nothing_is_left_of_a_picture_whose_file_cannot_be_kept(tmp_path: Path) -> None:
    store = Failing(FolderStore(tmp_path), only="uploads/")
    store.error = NoRoom("full")
    with pytest.raises(NoRoom):
        await UploadFiles(store).keep("a.png", b"picture", b"small")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_an_outage_of_the_file_store_and_its_end_are_logged_once(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    store = Failing(FolderStore(tmp_path))
    files = UploadFiles(store)
    with capture_logs() as lines:
        url = await files.keep("a.txt", b"text")
        store.error = FilesUnavailable("the server is away")
        for _ in range(3):
            with pytest.raises(FilesUnavailable):
                await files.keep("a.txt", b"text")
            with pytest.raises(FilesUnavailable):
                await files.read(key_of(url), 0, 10)
        store.error = NoRoom("full")
        with pytest.raises(NoRoom):
            await files.keep("a.txt", b"text")
        store.error = None
        await files.stat(key_of(url))
        assert not files.availability.is_available  # it may fail again at once
        mock_clock.jump(QUIET_SECONDS)
        await files.stat(key_of(url))
        assert files.availability.is_available
    assert [(line["event"], line["store"]) for line in lines] == [
        ("files_unavailable", str(tmp_path)), ("files_available_again", str(tmp_path)),
    ]  # fmt: skip
    assert lines[0]["reason"] == "the server is away"


async def test_a_misconfigured_file_store_is_reported_as_a_wrong_setting(tmp_path: Path) -> None:
    store = Failing(FolderStore(tmp_path))
    files = UploadFiles(store)
    await files.check()
    store.error = FilesMisconfigured("s3://b: there is no such bucket")
    with pytest.raises(ConfigError, match=r"^uploads: s3://b: there is no such bucket$"):
        await files.check()
    store.error = FilesUnavailable("s3://b cannot be reached")
    with pytest.raises(FilesUnavailable, match="cannot be reached"):
        await files.check()
