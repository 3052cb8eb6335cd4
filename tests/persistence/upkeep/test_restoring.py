"""The target of a restore is empty before, marked as unfinished meanwhile, and in use by nothing
else.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from persistence import open_beside, open_store
from persistence.embedded import DataDirInUse, EmbeddedPostgresError, hold_folder
from persistence.postgres.database.hold import AlreadyServed, open_hold
from persistence.postgres.database.migrate import migrate
from persistence.postgres.upkeep.snapshot import NotEmpty
from persistence.upkeep.restoring import MARK, NotRestored, open_for_restore, require_whole
from tests.support.programs.hub_process import open_folder
from tests.support.programs.processes import is_root
from tests.support.stores.databases import Databases, execute

FOLDERS: Final[Sequence[str]] = ("uploads", "thumbnails")


async def test_a_half_restored_embedded_database_is_opened_only_by_another_restore() -> None:
    with open_folder() as folder:
        data = folder / "data"
        with pytest.RaisesGroup(KeyboardInterrupt, flatten_subgroups=True):
            async with open_for_restore(None, data, FOLDERS) as (place, dsn):
                (place / "uploads").mkdir()
                (place / "uploads" / "file").touch()
                await execute(dsn, "CREATE TABLE half (n int)")
                raise KeyboardInterrupt
        with pytest.raises(NotRestored, match="run `parlour restore` again"):
            async with open_store(None, data, pool_size=1, lanes=1):
                pass
        with pytest.raises(NotRestored):
            async with open_beside(None, data):
                pass
        async with open_for_restore(None, data, FOLDERS) as (place, dsn):
            assert not (place / "uploads").exists()
            assert await execute(dsn, "SELECT to_regclass('half')") is None
            await migrate(dsn)
        require_whole(data)
        async with open_beside(None, data) as dsn:
            assert await execute(dsn, "SELECT count(*) FROM messages") == 0
        with pytest.RaisesGroup(NotEmpty, flatten_subgroups=True):
            async with open_for_restore(None, data, FOLDERS):
                pass
        assert not (data / MARK).exists()


async def test_an_external_database_has_to_be_empty(databases: Databases, tmp_path: Path) -> None:
    async with databases.empty() as dsn:
        async with open_for_restore(dsn, tmp_path / "data", FOLDERS) as (folder, given):
            assert given == dsn
            assert (folder / MARK).exists()
            await execute(dsn, "CREATE TABLE ours (n int)")
        assert not (tmp_path / "data" / MARK).exists()
        with pytest.RaisesGroup(NotEmpty, flatten_subgroups=True):
            async with open_for_restore(dsn, tmp_path / "data", FOLDERS):
                pass
        assert not (tmp_path / "data" / MARK).exists()


@pytest.mark.parametrize(
    ("name", "was_used"),
    [*((name, was_used) for name in FOLDERS for was_used in (False, True)), ("other", False)],
)
async def test_a_folder_with_files_is_left_alone(
    databases: Databases, tmp_path: Path, name: str, was_used: bool
) -> None:
    data = tmp_path / "data"
    if was_used:  # by a hub
        with hold_folder(data):
            pass
    file = data / name / "file"
    file.parent.mkdir(parents=True)
    file.touch()
    before = {each.name for each in data.rglob("*")}
    async with databases.empty() as dsn:
        with pytest.raises(NotEmpty, match="already"):
            async with open_for_restore(dsn, data, FOLDERS):
                pass
    assert {each.name for each in data.rglob("*")} == before


async def test_a_restore_is_refused_while_a_hub_uses_the_database_or_the_folder(
    databases: Databases, tmp_path: Path
) -> None:
    async with databases.empty() as dsn:
        async with open_hold(dsn, 0.0):
            with pytest.RaisesGroup(AlreadyServed, flatten_subgroups=True):
                async with open_for_restore(dsn, tmp_path / "data", FOLDERS):
                    pass
        with hold_folder(tmp_path / "data"), pytest.raises(DataDirInUse):
            async with open_for_restore(dsn, tmp_path / "data", FOLDERS):
                pass
        assert not (tmp_path / "data" / MARK).exists()


@pytest.mark.skipif(not is_root(), reason="only root can be somebody else")
async def test_root_fills_no_folder_of_another_account(tmp_path: Path) -> None:
    os.chown(tmp_path, 12_345, 12_345)
    with pytest.raises(EmbeddedPostgresError, match="belongs to account 12345"):
        async with open_for_restore(None, tmp_path, FOLDERS):
            pass
    assert list(tmp_path.iterdir()) == []
