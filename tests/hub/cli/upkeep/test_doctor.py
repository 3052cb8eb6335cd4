"""The examination of an installation: a line for each check."""

import os
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve

from hub.admin.socket import MAX_PATH_BYTES
from hub.cli.running import NotDone
from hub.cli.upkeep.doctor import (
    check_database,
    check_files,
    check_hub,
    check_schema,
    examine_all,
)
from hub.cli.upkeep.machine import Finding, Level
from hub.settings.config import Config
from persistence.postgres.database.migrate import Schema, SqlFile, load_schema
from persistence.postgres.upkeep.examination import Examination
from persistence.postgres.upkeep.snapshot import Snapshot
from protocol.admin import HubObject
from tests.support.files.folders import files_in, path_of
from tests.support.stores.databases import execute
from tests.support.wire.ports import unused_port

WELL = Examination(server=180_000, switched_off=[], ahead=0.1, commit=0.002)
HASHES = {each.name: each.sha256 for each in (*load_schema().numbered, *load_schema().routines)}
MOMENT = Snapshot(name="", server=180_000, files=HASHES, epoch=None, rows={}, uploads=[])


def bad(findings: "tuple[Finding, ...] | list[Finding]") -> dict[str, Level]:
    return {each.about: each.level for each in findings if each.level is not Level.OK}


async def test_checks_that_pass_are_listed_too(filled: Config) -> None:
    said: list[str] = []
    config = evolve(filled, max_connections=100)
    await examine_all(config, said.append)
    lines = {line[9:22].strip(): line.split()[0] for line in said}
    assert list(lines) == [
        "data folder", "space", "disk", "hub", "limits", "certificate", "database", "safety",
        "commit", "clock", "schema", "files",
    ]  # fmt: skip
    certain = {"data folder", "certificate", "database", "safety", "schema", "files"}
    assert {lines[name] for name in certain} == {"ok"}


async def test_a_file_that_is_missing_is_a_problem(filled: Config) -> None:
    assert filled.database_url is not None
    url = str(await execute(filled.database_url.reveal(), "SELECT min(url) FROM uploads"))
    path_of(filled.data_dir, url).unlink()
    said: list[str] = []
    with pytest.raises(NotDone, match="Problems: 1"):
        await examine_all(filled, said.append)
    assert said[-1].startswith("problem  files")
    assert url in said[-1]


async def test_an_unreachable_database_is_a_problem_and_the_other_checks_still_run(
    tmp_path: Path,
) -> None:
    given = {"database_url": f"postgresql://me:secret@127.0.0.1:{unused_port()}/x"}
    config = Config(data_dir=tmp_path, **given)  # type: ignore[arg-type]
    said: list[str] = []
    with pytest.raises(NotDone):
        await examine_all(config, said.append)
    assert said[-1].startswith("problem  database")
    assert len(said) == 7
    assert "secret" not in "".join(said)


async def test_a_missing_data_folder_is_a_problem_and_is_not_created(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(NotDone, match="Problems: 4"):
        await examine_all(Config(data_dir=tmp_path / "none"), said.append)
    assert not (tmp_path / "none").exists()


def status_of(**changed: Any) -> HubObject:
    status: Any = {
        "version": "1",
        "url": "http://a",
        "pid": 7,
        "stopping": False,
        "draining": False,
    }
    return cast("HubObject", {**status, **changed})


@pytest.mark.parametrize(
    ("hub", "level", "said"),
    [
        (status_of(), Level.OK, "version 1 runs at http://a (pid 7)"),
        (
            status_of(draining=True),
            Level.WARNING,
            "/readyz returns 503 until `parlour admin drain",
        ),
        (status_of(stopping=True), Level.WARNING, "is stopping"),
        (None, Level.OK, "no hub can be called at "),
    ],
)
def test_a_hub_that_drains_or_stops_is_a_warning(
    hub: HubObject | None, level: Level, said: str, tmp_path: Path
) -> None:
    found = check_hub(Config(data_dir=tmp_path), hub)
    assert found.level is level
    assert said in found.text


def test_a_folder_whose_path_is_too_long_for_the_admin_socket_is_a_warning(tmp_path: Path) -> None:
    found = check_hub(Config(data_dir=tmp_path / ("x" * MAX_PATH_BYTES)), None)
    assert found.level is Level.WARNING
    assert "choose a shorter data_dir" in found.text


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (WELL, {}),
        (evolve(WELL, switched_off=["fsync"]), {"safety": Level.PROBLEM}),
        (evolve(WELL, server=130_000), {"database": Level.PROBLEM}),
        (evolve(WELL, server=190_000), {"database": Level.WARNING}),
        (evolve(WELL, commit=0.2), {"commit": Level.WARNING}),
        (evolve(WELL, commit=None), {"commit": Level.WARNING}),
        (evolve(WELL, ahead=-3.0), {"clock": Level.WARNING}),
    ],
)
def test_unsafe_old_or_slow_databases_are_problems_or_warnings(
    found: Examination, expected: dict[str, Level]
) -> None:
    assert bad([*check_database(found, 18)]) == expected


def test_a_schema_of_another_version_is_a_problem_or_a_warning() -> None:
    schema = load_schema()
    assert check_schema(MOMENT, schema).level is Level.OK
    newer = evolve(MOMENT, files={**HASHES, "schema/9999_x.sql": ""})
    assert check_schema(newer, schema).level is Level.PROBLEM
    changed = evolve(MOMENT, files={**HASHES, schema.numbered[0].name: "0"})
    assert check_schema(changed, schema).level is Level.PROBLEM
    more = Schema([*schema.numbered, SqlFile("schema/9999_x.sql", "")], schema.routines)
    older = check_schema(MOMENT, more)
    assert older.level is Level.WARNING
    assert "9999_x.sql" in older.text


async def test_files_without_rows_and_rows_without_files_are_reported(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    known, unknown, new = [await files.keep(name, b"x") for name in ("a", "b", "c")]
    os.utime(path_of(tmp_path, unknown), (0, 0))
    moment = evolve(MOMENT, uploads=[known])
    (found,) = await check_files(files, moment)
    assert found.level is Level.WARNING
    assert unknown in found.text
    assert new not in found.text
    gone = [f"/uploads/2020-01-01/{n}" for n in range(5)]
    missing, _ = await check_files(files, evolve(MOMENT, uploads=[known, *gone, "https://x/y"]))
    assert missing.level is Level.PROBLEM
    assert "and 3 others" in missing.text
