"""`parlour doctor`: checks machine, database and files, while a hub runs or not.

Guarantees: one line for each finding, with what to do; a check that fails is a problem, and the
others are made nevertheless, those of schema and files only with the database; nothing is changed.
Must not know: how this machine is checked.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

import trio

from hub.admin.socket import NAME, flaw_of_path
from hub.cli.operators.desk import hub_desk
from hub.cli.rest import CallFailed
from hub.cli.running import NotDone, Say
from hub.cli.terminal import counted
from hub.cli.upkeep.machine import (
    SLOW_SECONDS,
    Finding,
    Level,
    check_certificate,
    check_disk,
    check_folder,
    check_limits,
    check_space,
)
from hub.files.collector import UNKNOWN_SECONDS
from hub.files.opening import open_files
from hub.files.store import UPLOADS, FilesUnavailable
from hub.files.uploads import NoSuchAddress, UploadFiles, key_of, url_of
from hub.settings.config import Config
from hub.settings.reasons import reason_of
from hub.settings.redaction import redact, revealed
from persistence import open_beside
from persistence.embedded import EmbeddedPostgresError
from persistence.embedded.beside import pid_of_holder
from persistence.embedded.places import find_programs
from persistence.postgres.database.migrate import Schema, load_schema, require_known
from persistence.postgres.database.session import MIN_SERVER_VERSION
from persistence.postgres.upkeep.examination import Examination, examine
from persistence.postgres.upkeep.programs import CopyFailed, Programs, require_readable
from persistence.postgres.upkeep.snapshot import Snapshot, open_snapshot
from persistence.records import StoreError
from protocol.admin import HubObject

CLOCK_SECONDS: Final = 2.0  # that clocks may differ by
NAMED: Final = 3  # files in a line


async def examine_all(config: Config, say: Say) -> None:
    """Print the findings.

    Raises:
        NotDone: there is a problem.
    """
    problems = 0
    hub = await _running(config)
    pid = pid_of_holder(config.data_dir) if hub is None else hub["pid"]
    looks: Sequence[tuple[str, Callable[[], Sequence[Finding]]]] = (
        ("data folder", lambda: [check_folder(config)]),
        ("space", lambda: [check_space(config)]),
        ("disk", lambda: [check_disk(config)]),
        ("hub", lambda: [check_hub(config, hub)]),
        ("limits", lambda: [check_limits(config, pid)]),
        ("certificate", lambda: [check_certificate(config)]),
    )

    def show(findings: Sequence[Finding]) -> None:
        nonlocal problems
        for finding in findings:
            problems += finding.level is Level.PROBLEM
            say(str(finding))

    for about, look in looks:
        show(await trio.to_thread.run_sync(_looked, about, look))
    try:
        url = revealed(config.database_url)
        async with open_beside(url, config.data_dir) as dsn, open_snapshot(dsn) as snapshot:
            found = await examine(dsn)
    except* (StoreError, EmbeddedPostgresError) as group:
        show([Finding(Level.PROBLEM, "database", redact(_first(group)))])
    else:
        show(check_database(found, Programs(find_programs()).major_version()))
        show([check_schema(snapshot, load_schema())])
        async with open_files(config) as files:
            show(await check_files(files, snapshot))
    if problems:
        raise NotDone(f"Problems: {problems}")


def check_hub(config: Config, hub: HubObject | None) -> Finding:
    """Whether a hub runs, and takes new work.

    Args:
        config: the settings.
        hub: the state of the hub of the data folder; None: none runs, or it has no socket.
    """
    socket = config.data_dir / NAME
    flaw = flaw_of_path(socket)
    if hub is None and flaw is not None:
        text = f"no hub can be called at {socket}: {flaw}; choose a shorter data_dir"
        return Finding(Level.WARNING, "hub", text)
    if hub is None:
        return Finding(Level.OK, "hub", f"no hub can be called at {socket}")
    text = f"version {hub['version']} runs at {hub['url']} (pid {hub['pid']})"
    if hub["stopping"]:
        return Finding(Level.WARNING, "hub", f"{text}, and is stopping")
    if hub["draining"]:
        text = f"{text}, and is drained: /readyz returns 503 until `parlour admin drain --undo`"
        return Finding(Level.WARNING, "hub", text)
    return Finding(Level.OK, "hub", text)


async def _running(config: Config) -> HubObject | None:
    """The state of the hub of the data folder; None: no hub can be called there."""
    try:
        return await hub_desk(config, None).status()
    except (NotDone, CallFailed):
        return None


def check_database(found: Examination, programs: int) -> Sequence[Finding]:
    """The server.

    Args:
        found: what the server reports.
        programs: the major version of our `pg_dump`.
    """
    return (
        _server(found, programs),
        _safety(found),
        _commit(found),
        _clock(found),
    )


def check_schema(snapshot: Snapshot, schema: Schema) -> Finding:
    """Whether the tables are those of this version."""
    try:
        require_known(snapshot.files, schema)
    except StoreError as error:
        return Finding(Level.PROBLEM, "schema", str(error))
    wanted = {each.name: each.sha256 for each in (*schema.numbered, *schema.routines)}
    others = [name for name, sha256 in wanted.items() if snapshot.files.get(name) != sha256]
    if others:
        text = f"{_some(others)} will be applied when this version of the hub starts"
        return Finding(Level.WARNING, "schema", text)
    return Finding(Level.OK, "schema", "the tables are those of this version")


async def check_files(files: UploadFiles, snapshot: Snapshot) -> Sequence[Finding]:
    """Whether each file that the database knows is there, and the other way round."""
    known, there, strange = set(snapshot.uploads), set[str](), set[str]()
    try:
        async with aclosing(files.listed()) as pages:
            async for page in pages:
                there |= {each.key for each in page if each.key.startswith(f"{UPLOADS}/")}
                old = {url_of(each.key) for each in page if each.age > UNKNOWN_SECONDS}
                strange |= old - known
    except FilesUnavailable as error:
        return [Finding(Level.PROBLEM, "files", str(error))]
    unknown = sorted(strange)
    missing = [url for url in snapshot.uploads if _key_of(url) not in there]
    found = []
    if missing:
        text = f"{_some(missing)} in the database, but not stored: restore from a backup"
        found.append(Finding(Level.PROBLEM, "files", text))
    if unknown:
        text = f"{_some(unknown)} not known to the database: the hub will remove such files"
        found.append(Finding(Level.WARNING, "files", text))
    return found or [Finding(Level.OK, "files", f"{counted(len(known), 'file')}, none missing")]


def _server(found: Examination, programs: int) -> Finding:
    text = f"Postgres {found.server // 10_000}"
    if found.server < MIN_SERVER_VERSION:
        return Finding(Level.PROBLEM, "database", f"{text}: 14 or later is needed")
    try:
        require_readable(found.server, programs)
    except CopyFailed as error:
        return Finding(Level.WARNING, "database", str(error))
    return Finding(Level.OK, "database", text)


def _safety(found: Examination) -> Finding:
    if found.switched_off:
        text = f"{', '.join(found.switched_off)} off: acknowledged messages may be lost; turn it on"
        return Finding(Level.PROBLEM, "safety", text)
    return Finding(Level.OK, "safety", "committed data survives a crash")


def _commit(found: Examination) -> Finding:
    if found.commit is None:
        return Finding(
            Level.WARNING, "commit", "not measured: it is a standby, or the role has no rights"
        )
    text = f"a commit takes {found.commit * 1_000:.1f} ms"
    if found.commit > SLOW_SECONDS:
        return Finding(Level.WARNING, "commit", f"{text}: check the disk and the standby")
    return Finding(Level.OK, "commit", text)


def _clock(found: Examination) -> Finding:
    text = f"the database's clock is {found.ahead:+.1f} s ahead of this machine's"
    if abs(found.ahead) > CLOCK_SECONDS:
        return Finding(Level.WARNING, "clock", f"{text}: synchronize both with one time server")
    return Finding(Level.OK, "clock", text)


def _key_of(url: str) -> str | None:
    """The key of a file; None: it is no file of the hub's."""
    try:
        return key_of(url)
    except NoSuchAddress:
        return None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} others" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _looked(about: str, look: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    try:
        return look()
    except OSError as error:
        return [Finding(Level.PROBLEM, about, reason_of(error))]


def _first(group: BaseExceptionGroup[Exception]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
