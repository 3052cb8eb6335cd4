"""An embedded Postgres for one test run: `python -m tests.support.stores.postgres_server DATA_DIR`.

Prints its DSN, and stops when standard input ends, as it does when the test run ends.
"""

import signal
import sys
from pathlib import Path

import trio

from persistence.embedded import run_embedded


async def main(data_dir: str) -> None:
    async with run_embedded(Path(data_dir)) as dsn:
        sys.stdout.write(f"{dsn}\n")
        sys.stdout.flush()
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)


if __name__ == "__main__":
    # a shell's background jobs, and what they start, ignore it otherwise
    signal.signal(signal.SIGINT, signal.default_int_handler)
    trio.run(main, sys.argv[1])
