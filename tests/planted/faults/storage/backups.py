"""Faults in backups, restores, upgrades, and in looking whether all is well."""

from typing import Final

from tests.planted.fault import Fault

ARCHIVE: Final = "hub/cli/upkeep/archive.py"
ON_ARCHIVES: Final = "tests/hub/cli/upkeep/test_archive.py"
PROGRAMS: Final = "persistence/postgres/upkeep/programs.py"
ON_PROGRAMS: Final = "tests/persistence/postgres/upkeep/test_programs.py"
SNAPSHOT: Final = "persistence/postgres/upkeep/snapshot.py"
ON_SNAPSHOTS: Final = "tests/persistence/postgres/upkeep/test_snapshot.py"
RESTORING: Final = "persistence/upkeep/restoring.py"
ON_RESTORING: Final = "tests/persistence/upkeep/test_restoring.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a backup of another version is refused whatever its schema is",
        "hub/cli/upkeep/restore.py",
        "    require_known(archive.manifest.schema, load_schema())\n",
        "    require_known(archive.manifest.schema, load_schema())\n"
        '    if archive.manifest.version == "9.0.0":\n'
        '        raise NotDone("it is of another version")\n',
        ("tests/hub/cli/upkeep/test_restore.py",),
    ),
    Fault(
        "a damaged backup is restored",
        ARCHIVE,
        "if size != info.size or sha256.hexdigest() != self.manifest.members[info.name]:",
        "if size != info.size:",
        (ON_ARCHIVES,),
    ),
    Fault(
        "a backup without its end is restored",
        ARCHIVE,
        "if hashlib.sha256(content[MANIFEST]).hexdigest().encode() != content[MANIFEST_HASH]:",
        "if False:",
        (ON_ARCHIVES,),
    ),
    Fault(
        "a file of a backup is written anywhere",
        ARCHIVE,
        ' and not {"", ".", ".."} & set(parts)',
        "",
        (ON_ARCHIVES,),
    ),
    Fault(
        "a backup has its name before it is whole",
        ARCHIVE,
        'part = path.with_name(f".{path.name}.part")',
        "part = path",
        (ON_ARCHIVES,),
    ),
    Fault(
        "something is left of a backup that could not be written",
        ARCHIVE,
        "            part.unlink(missing_ok=True)\n",
        "",
        (ON_ARCHIVES,),
    ),
    Fault(
        "others may read a backup",
        ARCHIVE,
        "            os.fchmod(file.fileno(), _MODE)\n",
        "",
        (ON_ARCHIVES,),
    ),
    Fault(
        "two backups are written to one file",
        ARCHIVE,
        "        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "",
        (ON_ARCHIVES,),
    ),
    Fault(
        "a file that is restored is as old as its restore",
        ARCHIVE,
        "                os.utime(place, (info.mtime, info.mtime))\n",
        "",
        (ON_ARCHIVES,),
    ),
    Fault(
        "the database of a backup is later than its files",
        PROGRAMS,
        'f"--snapshot={snapshot.name}",',
        "",
        (ON_PROGRAMS,),
    ),
    Fault(
        "half a database is restored",
        PROGRAMS,
        "await source.end()\n                    await psql.write(_COMMIT)",
        "await source.process.wait()\n                    await psql.write(_COMMIT)",
        (ON_PROGRAMS,),
    ),
    Fault(
        "a password is on the command line of pg_dump",
        PROGRAMS,
        'netloc.rpartition("@")\n    name, _, password = user.partition(":")',
        'netloc.rpartition("@")\n    name, password = user, user.partition(":")[2]',
        (ON_PROGRAMS,),
    ),
    Fault(
        "an older server refuses what is restored",
        PROGRAMS,
        "if self.server < _17 else head",
        "if self.server < 0 else head",
        (ON_PROGRAMS,),
    ),
    Fault(
        "the end of pg_dump goes unnoticed",
        PROGRAMS,
        "        if await self.process.wait():\n",
        "        if await self.process.wait() < 0:\n",
        (ON_PROGRAMS,),
    ),
    Fault(
        "what was restored is the same log",
        SNAPSHOT,
        '    "SELECT new_epoch()",\n',
        "",
        (ON_SNAPSHOTS,),
    ),
    Fault(
        "a database that was restored is still another hub's",
        SNAPSHOT,
        '    "UPDATE serving SET hub = NULL",\n',
        "",
        (ON_SNAPSHOTS,),
    ),
    Fault(
        "tables of the deployment are not counted",
        SNAPSHOT,
        "AND n.nspname <> 'information_schema'",
        "AND n.nspname = 'public'",
        (ON_SNAPSHOTS,),
    ),
    Fault(
        "a backup is restored over an external database",
        RESTORING,
        "await require_no_tables(database_url)",
        "await trio.lowlevel.checkpoint()",
        (ON_RESTORING,),
    ),
    Fault(
        "a backup is restored over an embedded database",
        RESTORING,
        "if not (folder / MARK).exists() and cluster.made_by() is not None:",
        "if False:",
        (ON_RESTORING,),
    ),
    Fault(
        "a backup is restored among files",
        RESTORING,
        "if folder.exists() and any(folder.iterdir()):",
        "if False:",
        (ON_RESTORING,),
    ),
    Fault(
        "a backup is restored beneath a hub",
        RESTORING,
        "async with open_hold(database_url, 0.0):",
        "if True:",
        (ON_RESTORING,),
    ),
    Fault(
        "a hub starts on half a backup",
        RESTORING,
        "    if (data_dir / MARK).exists():\n        raise NotRestored(",
        "    if False:\n        raise NotRestored(",
        (ON_RESTORING,),
    ),
    Fault(
        "an interrupted restore is in the way of the next one",
        RESTORING,
        "            shutil.rmtree(place)\n",
        "            pass\n",
        (ON_RESTORING,),
    ),
    Fault(
        "rows that a restore has lost go unnoticed",
        "hub/cli/upkeep/restore.py",
        "if had != has:",
        "if False:",
        ("tests/hub/cli/upkeep/test_restore.py",),
    ),
    Fault(
        "a backup is restored before all of it was read",
        "hub/cli/upkeep/restore.py",
        "    archive.check()\n",
        "",
        ("tests/hub/cli/upkeep/test_restore.py",),
    ),
    Fault(
        "a file that was removed meanwhile ends a backup",
        "hub/cli/upkeep/backup.py",
        "    if stat is None:\n        return False\n",
        "",
        ("tests/hub/cli/upkeep/test_backup.py",),
    ),
    Fault(
        "with a misspelt data folder a backup has no files",
        "hub/cli/upkeep/backup.py",
        "    if not snapshot.uploads:\n        return\n",
        "    if snapshot:\n        return\n",
        ("tests/hub/cli/upkeep/test_backup.py",),
    ),
    Fault(
        "the thumbnails of a backup are forgotten",
        "hub/cli/upkeep/backup.py",
        "            keys = (key_of(url), thumbnail_key(url))\n",
        "            keys = (key_of(url),)\n",
        ("tests/hub/cli/upkeep/test_backup.py",),
    ),
    Fault(
        "a hub with temporary files of its own is not found",
        "persistence/embedded/beside.py",
        "if socket_dir.exists():",
        "if socket_dir:",
        ("tests/persistence/embedded/test_beside.py",),
    ),
    Fault(
        "root leaves files in the folder of another account",
        "persistence/embedded/__init__.py",
        "if owner != os.getuid():",
        "if False:",
        ("tests/persistence/embedded/test_beside.py",),
    ),
    Fault(
        "an upgrade that lacks only a name is forgotten",
        "persistence/embedded/cluster.py",
        "            upgraded.rename(self.data)\n",
        "            pass\n",
        ("tests/persistence/embedded/test_upgrade.py",),
    ),
    Fault(
        "any programs are taken for those of the older Postgres",
        "persistence/embedded/upgrade.py",
        "if found != made_by:",
        'if found == "none":',
        ("tests/persistence/embedded/test_upgrade.py",),
    ),
    Fault(
        "what is not well is not said by the exit code",
        "hub/cli/upkeep/doctor.py",
        "    if problems:\n",
        "    if False:\n",
        ("tests/hub/cli/upkeep/test_doctor.py",),
    ),
    Fault(
        "a file that is missing is well",
        "hub/cli/upkeep/doctor.py",
        "if _key_of(url) not in there",
        "if _key_of(url) is None",
        ("tests/hub/cli/upkeep/test_doctor.py",),
    ),
    Fault(
        "a certificate that has ended is well",
        "hub/cli/upkeep/machine.py",
        "if not begin <= now < end:",
        "if not begin <= now:",
        ("tests/hub/cli/upkeep/test_machine.py",),
    ),
    Fault(
        "a data folder that is open to others is well",
        "hub/cli/upkeep/machine.py",
        "(0o066 if status.st_uid == 0 else 0o077)",
        "0o002",
        ("tests/hub/cli/upkeep/test_machine.py",),
    ),
    Fault(
        "a backup that is ended leaves its half",
        "hub/cli/running.py",
        "trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals",
        "trio.open_signal_receiver(signal.SIGINT) as signals",
        ("tests/e2e/upkeep/test_backups.py",),
    ),
    Fault(
        "a backup replaces what is no file",
        "hub/cli/upkeep/archive.py",
        "    if path.is_symlink() or (path.exists() and not path.is_file()):\n",
        "    if False:\n",
        ("tests/hub/cli/upkeep/test_archive.py",),
    ),
    Fault(
        "a restore goes into a folder of somebody else's",
        "persistence/upkeep/restoring.py",
        "        _require_unused(data_dir)\n",
        "",
        ("tests/persistence/upkeep/test_restoring.py",),
    ),
)
