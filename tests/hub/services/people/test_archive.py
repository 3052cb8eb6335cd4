"""A ZIP file that is made a part at a time."""

import io
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from hub.services.people.archive import Archive


def test_the_parts_form_a_zip_file_with_every_member() -> None:
    archive, parts = Archive(), []
    archive.begin("one.txt")
    archive.write([b"1", b"2"])
    archive.write([b"3"])
    archive.begin("files/cat", is_compressed=False)
    for _ in range(10):
        archive.write([b"meow" * 10_000])
        parts.append(archive.take(30_000))
    archive.begin("empty.txt")
    archive.end()
    parts.append(archive.take())
    assert archive.take() == b""
    assert len(list(filter(None, parts))) > 10
    with ZipFile(io.BytesIO(b"".join(parts))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            "one.txt": b"123",
            "files/cat": b"meow" * 100_000,
            "empty.txt": b"",
        }
        kinds = [each.compress_type for each in found.infolist()]
        assert kinds == [ZIP_DEFLATED, ZIP_STORED, ZIP_DEFLATED]


def test_take_returns_nothing_before_the_wanted_size_is_reached() -> None:
    archive = Archive()
    archive.begin("one.txt", is_compressed=False)
    archive.write([b"x" * 100])
    assert archive.take(1_000_000) == b""
    assert len(archive.take(100)) >= 100


def test_writing_before_a_member_is_begun_raises_value_error() -> None:
    with pytest.raises(ValueError, match="no member"):
        Archive().write([b"1"])
