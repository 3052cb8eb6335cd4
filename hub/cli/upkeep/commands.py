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
    help="Whether uploaded files are in it; by default, unless they are in a bucket",
)
@settings_options
def backup(file: str, config: str | None, *, with_uploads: bool | None, **flags: object) -> None:
    """Write database and files to FILE, or to standard output if it is `-`; a hub may run."""
    report = partial(say, err=True) if file == STDOUT else say
    run_to_end(partial(back_up, config_of(config, flags), file, report, with_uploads=with_uploads))


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--end-sessions", is_flag=True, help="Everybody has to sign in again")
@settings_options
def restore_backup(file: Path, config: str | None, *, end_sessions: bool, **flags: object) -> None:
    """Put back what `backup` wrote, into an empty data folder or database."""
    run_to_end(partial(restore, config_of(config, flags), file, say, end_sessions=end_sessions))


@click.command("upgrade-database")
@click.option(
    "--old-bin",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The programs of the old Postgres, or where its wheel was installed",
)
@settings_options
def upgrade_database(old_bin: Path | None, config: str | None, **flags: object) -> None:
    """Move the embedded database from an older Postgres to the one of this version."""
    run_to_end(partial(upgrade, config_of(config, flags), old_bin, say))


@click.command()
@settings_options
def doctor(config: str | None, **flags: object) -> None:
    """Look whether machine, database and files are well, and say what to do; a hub may run."""
    run_to_end(partial(examine_all, config_of(config, flags), say))


COMMANDS: Final = (backup, restore_backup, upgrade_database, doctor)
