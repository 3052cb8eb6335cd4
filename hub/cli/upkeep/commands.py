"""`parlour backup`, `restore`, `upgrade-database` and `doctor`: their flags.

Must not know: how a command is carried out.
"""

from functools import partial
from pathlib import Path
from typing import Final

import click

from hub.cli.running import config_of, run_to_end, settings_options
from hub.cli.terminal import say
from hub.cli.upkeep.backup import STDOUT, back_up
from hub.cli.upkeep.doctor import examine_all
from hub.cli.upkeep.restore import restore
from hub.cli.upkeep.upgrade import upgrade


@click.command()
@click.argument("file")
@click.option(
    "--with-uploads/--without-uploads",
    default=None,
    help="Whether to include uploaded files; by default yes, unless they are in a bucket",
)
@settings_options
def backup(file: str, config: str | None, *, with_uploads: bool | None, **flags: object) -> None:
    """Back up database and files to FILE, or to standard output (`-`), also while a hub runs."""
    report = partial(say, err=True) if file == STDOUT else say
    run_to_end(partial(back_up, config_of(config, flags), file, report, with_uploads=with_uploads))


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--end-sessions", is_flag=True, help="End all sessions, so that all users have to sign in again"
)
@settings_options
def restore_backup(file: Path, config: str | None, *, end_sessions: bool, **flags: object) -> None:
    """Restore a backup into an empty data folder or database."""
    run_to_end(partial(restore, config_of(config, flags), file, say, end_sessions=end_sessions))


@click.command("upgrade-database")
@click.option(
    "--old-bin",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder with the programs of the old Postgres, or with its installed wheel",
)
@settings_options
def upgrade_database(old_bin: Path | None, config: str | None, **flags: object) -> None:
    """Move the embedded database from an older Postgres to the one of this version."""
    run_to_end(partial(upgrade, config_of(config, flags), old_bin, say))


@click.command()
@settings_options
def doctor(config: str | None, **flags: object) -> None:
    """Check machine, database and files, and print what to do, also while a hub runs."""
    run_to_end(partial(examine_all, config_of(config, flags), say))


COMMANDS: Final = (backup, restore_backup, upgrade_database, doctor)
