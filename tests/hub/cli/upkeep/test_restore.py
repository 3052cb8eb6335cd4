"""A backup is restored: to an empty database and folder, unchanged, as another log."""

import hashlib
import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from hub.cli.running import NotDone
from hub.cli.upkeep.archive import MANIFEST, MANIFEST_HASH, Damaged
from hub.cli.upkeep.backup import back_up
from hub.cli.upkeep.restore import require_same, restore
from hub.settings.config import Config
from persistence.postgres.database.migrate import SchemaChanged, SchemaTooNew
from persistence.postgres.upkeep.snapshot import NotEmpty
from persistence.upkeep.restoring import MARK
from tests.support.stores.databases import execute


@pytest.fixture
async def archive(filled: Config, tmp_path: Path) -> Path:
    await back_up(filled, str(tmp_path / "a.tar"), lambda _: None)
    return tmp_path / "a.tar"


async def ask(config: Config, sql: str) -> object:
    assert config.database_url is not None
    return await execute(config.database_url.reveal(), sql)


async def put_back(config: Config, path: Path, *, end_sessions: bool = False) -> str:
    said: list[str] = []
    await restore(config, path, said.append, end_sessions=end_sessions)
    (line,) = said
    return line


def files(config: Config) -> dict[str, tuple[bytes, float]]:
    root = config.data_dir
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime)
        for path in root.rglob("*_*")
    }


async def test_a_restore_brings_everything_back_with_another_epoch(
    filled: Config, empty: Config, archive: Path
) -> None:
    await ask(filled, "UPDATE serving SET hub = 1")
    line = await put_back(empty, archive)
    assert line.startswith("Restored 1 message and 3 files of 20")
    for sql in ("SELECT content FROM messages", "SELECT count(*) FROM users"):
        assert await ask(empty, sql) == await ask(filled, sql)
    assert await ask(empty, "SELECT value FROM epochs") != await ask(
        filled, "SELECT value FROM epochs"
    )
    assert await ask(empty, "SELECT hub FROM serving") is None
    assert await ask(empty, "SELECT count(*) FROM sessions") == 1
    known = {name: each for name, each in files(filled).items() if "c.txt" not in name}
    assert files(empty) == known
    assert not (empty.data_dir / MARK).exists()


async def test_a_restore_can_end_all_sessions(empty: Config, archive: Path) -> None:
    await put_back(empty, archive, end_sessions=True)
    assert await ask(empty, "SELECT count(*) FROM sessions") == 0


async def test_a_damaged_archive_touches_nothing(empty: Config, archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"picture")] ^= 1
    archive.write_bytes(content)
    with pytest.raises(Damaged, match="is not as it was written"):
        await put_back(empty, archive)
    assert await ask(empty, "SELECT to_regclass('messages')") is None
    assert not empty.data_dir.exists()


async def test_a_restore_to_a_database_or_folder_that_is_not_empty_is_refused(
    filled: Config, empty: Config, archive: Path
) -> None:
    before = await ask(filled, "SELECT value FROM epochs")
    with pytest.RaisesGroup(NotEmpty, flatten_subgroups=True):
        await put_back(evolve(filled, data_dir=empty.data_dir), archive)
    with pytest.raises(NotEmpty, match="There is something in"):
        await put_back(evolve(empty, data_dir=filled.data_dir), archive)
    assert await ask(filled, "SELECT value FROM epochs") == before
    assert await ask(empty, "SELECT to_regclass('messages')") is None
    assert not (empty.data_dir / MARK).exists()
    assert not (filled.data_dir / MARK).exists()


def change(path: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Replace the manifest and its hash."""
    with tarfile.open(path) as tar:
        members = [(info, tar.extractfile(info)) for info in tar.getmembers()]
        contents = [(info, b"" if file is None else file.read()) for info, file in members]
    with tarfile.open(path, "w") as tar:
        digest = ""
        for info, content in contents:
            if info.name == MANIFEST:
                manifest = json.loads(content)
                how(manifest)
                content = json.dumps(manifest).encode()  # noqa: PLW2901
                digest = hashlib.sha256(content).hexdigest()
            if info.name == MANIFEST_HASH:
                content = digest.encode()  # noqa: PLW2901
            info.size = len(content)
            tar.addfile(info, BytesIO(content))


async def test_the_schema_of_a_newer_version_is_refused(empty: Config, archive: Path) -> None:
    change(archive, lambda manifest: manifest["schema"].update({"schema/9999_x.sql": ""}))
    with pytest.raises(SchemaTooNew, match="9999_x"):
        await put_back(empty, archive)
    assert not empty.data_dir.exists()


async def test_an_archive_of_a_newer_version_with_a_known_schema_is_restored(
    empty: Config, archive: Path
) -> None:
    change(archive, lambda manifest: manifest.update(version="9.0.0"))
    assert (await put_back(empty, archive)).startswith("Restored 1 message")


async def test_another_schema_of_the_same_name_is_refused(empty: Config, archive: Path) -> None:
    change(archive, lambda manifest: manifest["schema"].update({"schema/0001_tables.sql": "0"}))
    with pytest.raises(SchemaChanged, match="0001_tables"):
        await put_back(empty, archive)


async def test_missing_rows_are_detected_and_the_folder_stays_marked(
    empty: Config, archive: Path
) -> None:
    change(archive, lambda manifest: manifest["rows"].update(messages=2))
    lost = pytest.RaisesExc(NotDone, match="messages had 2 rows, and its copy has 1")
    with pytest.RaisesGroup(lost, flatten_subgroups=True):
        await put_back(empty, archive)
    assert (empty.data_dir / MARK).exists()


def test_missing_tables_are_detected() -> None:
    require_same({"a": 1}, {"a": 1})
    with pytest.raises(NotDone, match="b had no rows, and its copy has 0"):
        require_same({"a": 1}, {"a": 1, "b": 0})
    with pytest.raises(NotDone, match="b had 0 rows, and its copy has no"):
        require_same({"a": 1, "b": 0}, {"a": 1})


async def test_an_interrupted_restore_is_begun_anew(
    empty: Config, archive: Path, tmp_path: Path
) -> None:
    """Killed while files were written."""
    (empty.data_dir / "uploads" / "2020-01-01").mkdir(parents=True)
    (empty.data_dir / "uploads" / "2020-01-01" / "half_a").touch()
    (empty.data_dir / MARK).touch()
    await put_back(empty, archive)
    assert len(files(empty)) == 3
