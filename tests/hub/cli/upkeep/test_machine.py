"""The checks of the machine, and their findings."""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from attrs import evolve

from hub.cli.upkeep.machine import (
    Finding,
    Level,
    check_certificate,
    check_disk,
    check_folder,
    check_limits,
    check_space,
)
from hub.reloading import caps_of
from hub.settings.config import Config
from hub.settings.redaction import Secret
from tests.support.machine.disks import small_disk
from tests.support.programs.processes import is_root
from tests.support.stores.places import MEMORY


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "data").mkdir(mode=0o700)
    return Config(data_dir=tmp_path / "data", max_connections=100)


def test_a_finding_is_one_line() -> None:
    line = str(Finding(Level.OK, "disk", "a synced write takes 1.0 ms"))
    assert line == "ok       disk         a synced write takes 1.0 ms"


@pytest.mark.parametrize(
    ("mode", "level"),
    [(0o700, Level.OK), (0o750, Level.PROBLEM), (0o704, Level.PROBLEM), (0o777, Level.PROBLEM)],
)
def test_a_data_folder_that_is_open_to_other_accounts_is_a_problem(
    config: Config, mode: int, level: Level
) -> None:
    config.data_dir.chmod(mode)
    found = check_folder(config)
    assert found.level is level
    assert f"{mode:04o}" in found.text


def test_a_data_folder_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    assert check_folder(Config(data_dir=tmp_path / "none")).level is Level.PROBLEM


@pytest.mark.skipif(not is_root(), reason="only root may give files away")
def test_content_of_the_data_folder_with_another_owner_is_a_problem(config: Config) -> None:
    (config.data_dir / "postgres").mkdir()
    assert check_folder(config).level is Level.OK, "root's Postgres is another account"
    os.chown(config.data_dir, 12_345, 12_345)
    found = check_folder(config)
    assert found.level is Level.PROBLEM
    assert "postgres in it does not: chown -R account 12345" in found.text


def test_a_disk_without_free_space_is_a_problem(config: Config) -> None:
    with small_disk(config.data_dir.parent, 1 << 20) as small:
        full = check_space(Config(data_dir=small))
    assert full.level is Level.PROBLEM
    assert "sends are refused" in full.text
    free = shutil.disk_usage(config.data_dir).free
    expected = Level.OK if free > 2 << 30 else Level.WARNING
    assert check_space(config).level is expected


def test_the_check_of_a_disk_leaves_no_file(config: Config) -> None:
    found = check_disk(config)
    assert " ms" in found.text or "in memory" in found.text
    assert list(config.data_dir.iterdir()) == []


def test_a_folder_in_memory_is_a_problem() -> None:
    if not os.access(MEMORY, os.W_OK):
        pytest.skip("there is none")
    found = check_disk(Config(data_dir=MEMORY))
    assert found.level is Level.PROBLEM
    assert "everything is gone after a restart" in found.text


def test_too_few_open_files_for_the_connections_are_a_warning(config: Config) -> None:
    few = check_limits(config, None)
    assert few.level is Level.OK
    assert "no hub was found; a hub that this shell starts may have" in few.text
    many = check_limits(Config(max_connections=1_000_000), os.getpid())
    assert many.level is Level.WARNING
    assert f"pid {os.getpid()}" in many.text
    assert "set LimitNOFILE to 1,000,256" in many.text


@pytest.mark.parametrize("shared", [{"workers": 2}, {"bus": Secret("postgres")}])
def test_connections_that_may_be_forwarded_need_more_files(shared: Mapping[str, Any]) -> None:
    config = Config(max_connections=1_000_000, **shared)
    assert "set LimitNOFILE to 3,000,768" in check_limits(config, None).text
    few = evolve(config, max_connections=100)
    assert check_limits(few, None).level is Level.OK
    assert caps_of(few).total == 100


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [(60, Level.OK, "valid until"), (5, Level.WARNING, "renew it"), (-1, Level.PROBLEM, "only")],
)
def test_a_certificate_that_ends_soon_or_has_ended_is_reported(
    tmp_path: Path, days: int, level: Level, said: str
) -> None:
    now = datetime.now(UTC)
    authority = trustme.CA()
    issued = authority.issue_cert(
        "chat.example.org",
        not_before=now - timedelta(days=90),
        not_after=now + timedelta(days=days),
    )
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    found = check_certificate(Config(tls_cert=cert, tls_key=key))
    assert found.level is level
    assert said in found.text


def test_an_invalid_certificate_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    config = Config(tls_cert=tmp_path / "no.pem", tls_key=tmp_path / "no.pem")
    assert check_certificate(config).level is Level.PROBLEM
    assert check_certificate(Config()).level is Level.OK
