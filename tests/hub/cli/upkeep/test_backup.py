"""Database and files in one archive."""

import json
import tarfile
from pathlib import Path

import pytest
from attrs import evolve

from hub.cli.upkeep.archive import MANIFEST, Archive, NotWritten
from hub.cli.upkeep.backup import back_up
from hub.cli.upkeep.restore import restore
from hub.settings.config import Config
from tests.support.files.folders import path_of
from tests.support.files.s3_server import S3Server, fresh
from tests.support.stores.databases import execute


def names(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()


async def test_a_backup_contains_the_database_and_the_files_that_it_names(
    filled: Config, tmp_path: Path
) -> None:
    said: list[str] = []
    await back_up(filled, str(tmp_path / "a.tar"), said.append)
    found = names(tmp_path / "a.tar")
    assert found[0] == "database/000000"
    assert found[-2:] == ["manifest.json", "manifest.sha256"]
    files = {name.rpartition("_")[2] for name in found[1:-2]}
    assert files == {"a.txt", "b.png"}
    assert sum(name.startswith("thumbnails/") for name in found) == 1
    (line,) = said
    assert line.startswith("Backed up 1 message and 3 files (0.2 MB) in ")


async def test_missing_files_are_reported_and_listed_in_the_manifest(
    filled: Config, tmp_path: Path
) -> None:
    said: list[str] = []
    dsn = filled.database_url.reveal() if filled.database_url else ""
    url = str(await execute(dsn, "SELECT url FROM uploads WHERE url LIKE '%a.txt'"))
    path_of(filled.data_dir, url).unlink()
    strange = "INSERT INTO uploads SELECT 'https://x/y', owner_id, 'x', now(), 'y', 1 FROM uploads"
    await execute(dsn, f"{strange} LIMIT 1")
    await back_up(filled, str(tmp_path / "a.tar"), said.append)
    assert said[:2] == [f"Not there any more: {url}", "Not there any more: https://x/y"]
    assert "and 2 files" in said[2]
    with tarfile.open(tmp_path / "a.tar") as tar:
        manifest = tar.extractfile(MANIFEST)
        assert manifest is not None
        assert json.load(manifest)["missing"] == [url, "https://x/y"]


async def test_only_the_first_of_many_missing_files_are_named(
    filled: Config, tmp_path: Path
) -> None:
    dsn = filled.database_url.reveal() if filled.database_url else ""
    gone = "INSERT INTO uploads SELECT '/uploads/2020-01-01/' || n, 1, 'x', now(), 'y', 1"
    await execute(dsn, f"{gone} FROM generate_series(1, 12) n")
    said: list[str] = []
    await back_up(filled, str(tmp_path / "a.tar"), said.append)
    assert len(said) == 12
    assert said[10] == "Nor are 2 others: see `missing` in manifest.json"


async def test_a_backup_with_a_misspelt_data_folder_is_refused(
    filled: Config, tmp_path: Path
) -> None:
    with pytest.RaisesGroup(NotWritten, flatten_subgroups=True):
        await back_up(
            evolve(filled, data_dir=tmp_path / "TYPO"), str(tmp_path / "a.tar"), lambda _: None
        )
    assert not (tmp_path / "a.tar").exists()
    assert not (tmp_path / "TYPO").exists()


async def test_files_in_a_bucket_are_included_only_on_request(
    filled: Config, empty: Config, tmp_path: Path, s3: S3Server
) -> None:
    """They are restored from a folder to a bucket, and from there to a folder again."""
    await back_up(filled, str(tmp_path / "folder.tar"), lambda _: None)
    one = evolve(empty, **s3.settings(fresh()))
    await restore(one, tmp_path / "folder.tar", lambda _: None, end_sessions=False)
    said: list[str] = []
    await back_up(one, str(tmp_path / "without.tar"), said.append)
    assert not [name for name in names(tmp_path / "without.tar") if name.endswith((".txt", ".png"))]
    assert said[1] == (
        f"The 2 files in {one.uploads} are not in it: back them up too, or use --with-uploads"
    )
    archive = Archive(tmp_path / "without.tar")
    archive.check()
    assert (archive.manifest.format, archive.manifest.files_in) == (2, str(one.uploads))
    await back_up(one, str(tmp_path / "with.tar"), said.append, with_uploads=True)
    before, after = names(tmp_path / "folder.tar"), names(tmp_path / "with.tar")
    assert [name for name in after if "database" not in name] == [
        name for name in before if "database" not in name
    ]
    put_back = Archive(tmp_path / "with.tar")
    put_back.check()
    (tmp_path / "back").mkdir()
    assert put_back.restore_files(tmp_path / "back") == 3
    (file,) = (tmp_path / "back").rglob("*_a.txt")
    assert file.read_bytes() == b"text"


async def test_files_in_a_folder_may_be_left_out(filled: Config, tmp_path: Path) -> None:
    said: list[str] = []
    await back_up(filled, str(tmp_path / "a.tar"), said.append, with_uploads=False)
    assert said[0].startswith("Backed up 1 message and 0 files")
    assert said[1].startswith(f"The 2 files in {filled.data_dir} are not in it")


async def test_a_backup_from_a_bucket_without_the_files_is_refused(
    filled: Config, tmp_path: Path, s3: S3Server
) -> None:
    nowhere = evolve(filled, **s3.settings(fresh()))
    with pytest.RaisesGroup(NotWritten, flatten_subgroups=True):
        await back_up(nowhere, str(tmp_path / "a.tar"), lambda _: None, with_uploads=True)
    assert not (tmp_path / "a.tar").exists()
