"""Copies a database with Postgres's own programs: `pg_dump`, `pg_restore` and `psql`.

Guarantees: a copy is of one moment; a database is filled in one transaction, as a whole or not at
all; no password is on a command line; the error of a program is reported in one line. Must not
know: what is in the database, where the programs are.
"""

import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeAlias
from urllib.parse import unquote, urlsplit

import trio
from attrs import define, frozen

from persistence.postgres.servers.choice import with_primary
from persistence.postgres.upkeep.snapshot import Snapshot
from persistence.records import StoreError

PIECE_BYTES: Final = 1 << 20
LOCK_MILLISECONDS: Final = 10_000
_NEW_IN_17: Final = b"SET transaction_timeout = 0;\n"
_HEADER_ENDS: Final = b"set_config('search_path'"
_MAJOR: Final = 10_000  # of server_version_num
_17: Final = 170_000
# Leaves out owners (the restoring role owns everything) and what belongs to the server.
_PLAIN: Final = (
    "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-tablespaces",
    "--no-comments", "--no-security-labels",
)  # fmt: skip
_STRICT: Final = ("--set=ON_ERROR_STOP=1", f"--output={os.devnull}")
_BEGIN: Final = b"BEGIN;\n"
_COMMIT: Final = b"\nCOMMIT;\nANALYZE;\n"

Take: TypeAlias = Callable[[bytes], Awaitable[None]]


class CopyFailed(StoreError):
    """A database could not be copied; the text says why."""


@frozen
class Programs:
    """The programs of one version of Postgres.

    Args:
        folder: where they are.
    """

    folder: Path

    def major_version(self) -> int:
        """The major version of the programs."""
        command = [str(self.folder / "pg_dump"), "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
        return int(said.split()[2].partition(".")[0])  # "pg_dump (PostgreSQL) 18.6"

    async def dump(self, dsn: str, snapshot: Snapshot, take: Take) -> None:
        """Copy the database as it was at the snapshot, in pieces of `pg_dump`'s custom format.

        Raises:
            CopyFailed: the server is newer than the programs, or `pg_dump` failed.
        """
        require_readable(snapshot.server, self.major_version())
        async with self._dumping(dsn, snapshot, "custom") as dumping:
            while piece := await dumping.read():
                await take(piece)
            await dumping.end()

    async def load(self, dsn: str, pieces: Iterable[bytes], server: int) -> None:
        """Fill an empty database with a copy that `dump` has made.

        Args:
            dsn: the database.
            pieces: the copy.
            server: the database's version of Postgres, as `server_version_num`.

        Raises:
            CopyFailed: a program failed; the database is as it was.
        """
        command = ("pg_restore", "--file=-", "--exit-on-error", *_PLAIN)
        async with (
            self._filling(dsn, server) as fill,
            self._run(command, {}, is_fed=True) as restoring,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_feed, restoring, pieces)
            await fill(restoring)

    async def transfer(self, source: str, snapshot: Snapshot, target: str, server: int) -> None:
        """Fill an empty database with the content of another one at the snapshot.

        Raises:
            CopyFailed: as in `dump` and `load`.
        """
        require_readable(snapshot.server, self.major_version())
        async with (
            self._filling(target, server) as fill,
            self._dumping(source, snapshot, "plain") as dumping,
        ):
            await fill(dumping)

    @asynccontextmanager
    async def _dumping(self, dsn: str, snapshot: Snapshot, form: str) -> AsyncIterator["_Program"]:
        url, environment = without_password(with_primary(dsn))
        command = (
            "pg_dump", f"--dbname={url}", f"--format={form}", f"--snapshot={snapshot.name}",
            f"--lock-wait-timeout={LOCK_MILLISECONDS}", "--no-unlogged-table-data", *_PLAIN,
        )  # fmt: skip
        async with self._run(command, environment) as dumping:
            yield dumping

    @asynccontextmanager
    async def _filling(
        self, dsn: str, server: int
    ) -> AsyncIterator[Callable[["_Program"], Awaitable[None]]]:
        """Run `psql`, to be filled from another program, in one transaction: it commits once that
        program has ended without an error.
        """
        url, environment = without_password(with_primary(dsn))
        command = ("psql", f"--dbname={url}", "--no-psqlrc", "--quiet", *_STRICT)
        async with self._run(command, environment, is_fed=True) as psql:

            async def fill(source: _Program) -> None:
                try:
                    await psql.write(_BEGIN)
                    script = _Script(server)
                    while piece := await source.read():
                        await psql.write(script.known(piece))
                    await source.end()
                    await psql.write(_COMMIT)
                except trio.BrokenResourceError:
                    await psql.end()  # raises with the reason
                    raise
                await psql.end()

            yield fill

    @asynccontextmanager
    async def _run(
        self,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        is_fed: bool = False,
    ) -> AsyncIterator["_Program"]:
        """A program, killed if it has not ended when the context is left."""
        # In memory: a folder for temporary files may be missing.
        with os.fdopen(os.memfd_create(command[0]), "r+b") as errors:
            process = await trio.lowlevel.open_process(
                [str(self.folder / command[0]), *command[1:]],
                stdin=subprocess.PIPE if is_fed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **environment, "LC_ALL": "C"},
            )
            try:
                yield _Program(command[0], process, errors)
            finally:
                process.kill()
                with trio.CancelScope(shield=True):
                    await process.wait()
                for stream in (process.stdin, process.stdout):
                    if stream is not None:
                        await trio.aclose_forcefully(stream)


@frozen
class _Program:
    """A running program."""

    name: str
    process: Any
    errors: IO[bytes]

    async def write(self, piece: bytes) -> None:
        await self.process.stdin.send_all(piece)

    async def read(self) -> bytes:
        """The next part of its output; empty: the output has ended."""
        piece: bytes = await self.process.stdout.receive_some(PIECE_BYTES)
        return piece

    async def end(self) -> None:
        """Close its input, and wait until it has ended.

        Raises:
            CopyFailed: the program reports an error.
        """
        if self.process.stdin is not None:
            await self.process.stdin.aclose()
        if await self.process.wait():
            self.errors.seek(0)
            raise CopyFailed(f"{self.name} failed: {_reason(self.errors.read())}")


def require_readable(server: int, programs: int) -> None:
    """Raises CopyFailed: the server is newer than the programs, which cannot read its catalog."""
    if server // _MAJOR > programs:
        raise CopyFailed(
            f"This server is Postgres {server // _MAJOR}, and the pg_dump of this Parlour is"
            f" {programs}: copy the database with the server's own pg_dump"
        )


def without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """The URL without its password, for a command line, and the environment with the password."""
    parts = urlsplit(dsn)
    user, at, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    fields = [each.partition("=") for each in parts.query.split("&") if each]
    query = "&".join("".join(each) for each in fields if each[0] != "password")
    given = [value for key, _, value in fields if key == "password"] or [password]
    url = f"{parts.scheme}://{name}{at}{host}{parts.path}{'?' if query else ''}{query}"
    return url, {"PGPASSWORD": unquote(given[0])} if given[0] else {}


@define
class _Script:
    """A script, without the setting in its head that a server before 17 does not know."""

    server: int
    _head: bytes | None = b""  # the part that is not passed on yet

    def known(self, piece: bytes) -> bytes:
        """The part of the script to pass on after this piece. Every script has a head."""
        if self._head is None:
            return piece
        self._head += piece
        if _HEADER_ENDS not in self._head:
            return b""
        head, self._head = self._head, None
        return head.replace(_NEW_IN_17, b"", 1) if self.server < _17 else head


async def _feed(program: _Program, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        try:
            await program.write(piece)
        except trio.BrokenResourceError:
            return  # the program has ended, and `end` raises the reason
    await program.process.stdin.aclose()


def _reason(errors: bytes) -> str:
    """The first line that reports an error."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    wrong = [line for line in lines if "error:" in line.lower() or "fatal:" in line.lower()]
    return next(iter(wrong or lines), "it does not say why")
