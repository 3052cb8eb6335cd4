"""`parlour upgrade-database`: the embedded database, from an older Postgres to this version's.

Guarantees: the old database is used until the new one has all its rows, and is kept. Must not know:
where they are.
"""

import time
from pathlib import Path

from hub.cli.running import NotDone, Say
from hub.cli.terminal import counted
from hub.cli.upkeep.restore import require_same
from hub.settings.config import Config
from persistence.embedded.places import find_programs
from persistence.embedded.upgrade import open_upgrade
from persistence.postgres.database.bridge import open_asyncio
from persistence.postgres.database.migrate import migrate
from persistence.postgres.upkeep.programs import Programs
from persistence.postgres.upkeep.snapshot import (
    begin_anew,
    count_rows,
    open_snapshot,
    server_version,
)
from persistence.upkeep.restoring import require_whole


async def upgrade(config: Config, old_programs: Path | None, say: Say) -> None:
    """Move the data of the embedded Postgres to one of this version.

    Args:
        config: where the database is.
        old_programs: where the programs of the old Postgres are; see `open_upgrade`.
        say: prints a line.

    Raises:
        NotDone: the database is not embedded, or not every row was copied.
        EmbeddedPostgresError: there is nothing to upgrade, or no programs for it.
        CopyFailed: something went wrong.
    """
    if config.database_url is not None:
        raise NotDone("The database of database_url is not this Parlour's to upgrade")
    require_whole(config.data_dir)
    began = time.monotonic()
    async with open_asyncio(), open_upgrade(config.data_dir, old_programs) as both:
        async with open_snapshot(both.old) as snapshot:
            programs, server = Programs(find_programs()), await server_version(both.new)
            await programs.transfer(both.old, snapshot, both.new, server)
        require_same(snapshot.rows, await count_rows(both.new))
        await migrate(both.new)
        await begin_anew(both.new, end_sessions=False)  # it is the log of another server
    say(
        f"Moved {counted(snapshot.rows.get('messages', 0), 'message')} from Postgres"
        f" {both.old_version} to {both.new_version} in {time.monotonic() - began:.1f} s."
        f" What was there before is in {both.kept_as}: remove it when all is well"
    )
