"""Where the data of servers is kept while a test runs."""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2 << 30  # free, so that the memory of other programs is left alone


def quick_place() -> Path | None:
    """A folder in memory where there is room, or else the one of temporary files. A commit waits
    for its disk, and so would the tests for other users of the disk; copying a cluster in memory
    takes a third of the processor time.
    """
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
    return MEMORY if has_room else None
