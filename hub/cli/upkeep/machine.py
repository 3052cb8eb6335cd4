"""What `parlour doctor` checks on this machine: the data folder, its disk, limits, certificate.

Guarantees: a file that is written for a check is removed. Must not know: the database.
"""

import os
import resource
import shutil
import stat
import time
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import Final

from attrs import frozen
from cryptography import x509

from hub.reloading import files_of_one
from hub.settings.config import Config
from hub.settings.reasons import reason_of
from hub.settings.setting import ConfigError
from hub.sockets.listener import OTHER_FILES
from hub.sockets.tls import server_context
from persistence.embedded.cluster import name_of

WRITES: Final = 21
BLOCK: Final = bytes(8_192)
SLOW_SECONDS: Final = 0.05
LOW_BYTES: Final = 2 << 30
FULL_BYTES: Final = 256 << 20
CERTIFICATE_DAYS: Final = 14
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


class Level(Enum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@frozen
class Finding:
    """The result of one check, and what to do."""

    level: Level
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.level.value:<8} {self.about:<12} {self.text}"


def check_folder(config: Config) -> Finding:
    """Whether the data folder is closed to others, and its content has the same owner."""
    about, folder = "data folder", config.data_dir
    if not folder.is_dir():
        return Finding(Level.PROBLEM, about, f"There is no {folder}: see data_dir")
    status = folder.stat()
    mode, owner = stat.S_IMODE(status.st_mode), name_of(status.st_uid)
    if mode & (0o066 if status.st_uid == 0 else 0o077):
        text = f"{folder} is open to others (mode {mode:04o}): chmod go-rwx"
        return Finding(Level.PROBLEM, about, text)
    strange = [each.name for each in folder.iterdir() if each.stat().st_uid != status.st_uid]
    if status.st_uid != 0 and strange:  # root's Postgres is another account
        text = f"{folder} belongs to {owner}, but {', '.join(sorted(strange))} in it does not"
        return Finding(Level.PROBLEM, about, f"{text}: chown -R {owner}")
    return Finding(Level.OK, about, f"{folder} belongs to {owner}, mode {mode:04o}")


def check_space(config: Config) -> Finding:
    """How much space the disk has left."""
    usage = shutil.disk_usage(config.data_dir)
    text = f"{usage.free / 1e9:,.1f} GB of {usage.total / 1e9:,.1f} GB are free"
    if usage.free < FULL_BYTES:
        return Finding(Level.PROBLEM, "space", f"{text}: sends are refused when there is none")
    level = Level.WARNING if usage.free < LOW_BYTES else Level.OK
    return Finding(level, "space", f"{text}: make room" if level is Level.WARNING else text)


def check_disk(config: Config) -> Finding:
    """How long a synced write takes."""
    kind = _file_system(config.data_dir)
    if kind in IN_MEMORY:
        text = f"{config.data_dir} is in memory ({kind}): everything is gone after a restart"
        return Finding(Level.PROBLEM, "disk", text)
    took = median(_write_seconds(config.data_dir))
    text = f"a synced write takes {took * 1_000:.1f} ms"
    if took > SLOW_SECONDS:
        return Finding(Level.WARNING, "disk", f"{text}, and every batch of messages waits for one")
    return Finding(Level.OK, "disk", text)


def check_limits(config: Config, pid: int | None) -> Finding:
    """How many files the hub may open. `pid`: of the running hub; None: none runs."""
    _, most = resource.prlimit(pid or os.getpid(), resource.RLIMIT_NOFILE)
    whose = (
        "no hub was found; a hub that this shell starts" if pid is None else f"the hub (pid {pid})"
    )
    text = f"{whose} may have {most:,} files open, for {config.max_connections:,} connections"
    needed = files_of_one(config) * (config.max_connections + OTHER_FILES)
    if most != resource.RLIM_INFINITY and most < needed:
        text = f"{text}: set LimitNOFILE to {needed:,}, or a lower max_connections"
        return Finding(Level.WARNING, "limits", text)
    return Finding(Level.OK, "limits", text)


def check_certificate(config: Config) -> Finding:
    """Whether the certificate can be used, and for how long."""
    about = "certificate"
    if config.tls_cert is None:
        return Finding(Level.OK, about, "the hub speaks no TLS itself")
    try:
        server_context(config)
        chain = x509.load_pem_x509_certificates(config.tls_cert.read_bytes())
    except OSError as error:
        return Finding(Level.PROBLEM, about, reason_of(error))
    except (ConfigError, ValueError) as error:
        return Finding(Level.PROBLEM, about, str(error))
    now = datetime.now(UTC)
    begin = max(each.not_valid_before_utc for each in chain)
    end = min(each.not_valid_after_utc for each in chain)
    if not begin <= now < end:
        text = f"{config.tls_cert} is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d} only"
        return Finding(Level.PROBLEM, about, f"{text}: renew it, then reload the hub")
    text = f"{config.tls_cert} is valid until {end:%Y-%m-%d}"
    if end - now < timedelta(days=CERTIFICATE_DAYS):
        return Finding(Level.WARNING, about, f"{text}: renew it, then reload the hub")
    return Finding(Level.OK, about, text)


def _write_seconds(folder: Path) -> list[float]:
    took = []
    with TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(WRITES):
            began = time.perf_counter()
            file.write(BLOCK)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return took


def _file_system(folder: Path) -> str:
    """The type of the folder's file system, by /proc/self/mountinfo (see proc(5))."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == number:
            return after.split()[0]
    return "unknown"
