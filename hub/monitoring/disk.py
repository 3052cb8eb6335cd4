"""How much space there is where the hub keeps its files.

Guarantees: the hub does not wait for a disk that does not respond. Must not know: what is kept
there.
"""

from pathlib import Path
from typing import Final

import trio
from attrs import define, field

from hub.files.folder import space_of
from hub.files.store import Space

LOOK_SECONDS: Final = 15.0
FIRST_SECONDS: Final = 1.0


@define
class Disk:
    """The file system of a folder.

    `space`: as it was looked at last; None: it is not known.
    """

    folder: Path
    space: Space | None = field(default=None, init=False)

    async def watch(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look every `LOOK_SECONDS`, until cancelled. Started after the first look, or
        `FIRST_SECONDS`.
        """
        with trio.move_on_after(FIRST_SECONDS):
            await self.look()
        task_status.started()
        while True:
            await trio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Look how much space there is."""
        try:
            run = trio.to_thread.run_sync
            self.space = await run(space_of, self.folder, abandon_on_cancel=True)
        except OSError:
            self.space = None
