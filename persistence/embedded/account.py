"""Chooses the account that runs Postgres, and checks which folders it can enter.

Guarantees: Postgres never runs as root; no file that is not ours is chmodded or chowned, so files
that the account cannot reach have to be put elsewhere. Must not know: Postgres.
"""

import os
import pwd
import stat
from pathlib import Path
from typing import Final

from attrs import frozen

_PREFERRED: Final = ("postgres", "nobody")


@frozen
class Account:
    """The account that Postgres runs as."""

    uid: int
    gid: int

    def reaches(self, directory: Path) -> bool:
        """Whether the account may enter `directory` and every folder above it."""
        path = directory.resolve()
        return all(self._may_search(folder) for folder in (path, *path.parents))

    def own(self, directory: Path) -> None:
        """Give a folder that we have just created to the account."""
        os.chown(directory, self.uid, self.gid)

    def _may_search(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def choose_account() -> Account:
    """Our own account; if that is root, an existing unprivileged one.

    Raises:
        LookupError: root, on a system with neither `postgres` nor `nobody`.
    """
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid())
    for name in _PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError("Postgres does not run as root, and there is no account postgres or nobody")
