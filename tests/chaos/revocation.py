"""`python -m tests.chaos.revocation --changes 200 --json PATH`: how soon a lost right is felt.

People are blocked and put out of a workspace by plain SQL while others keep writing; measured is
the time from the statement's commit to the last event that the connection concerned hears, its
notice.
"""

import argparse
import json
import logging
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import structlog
import trio

from persistence import open_database
from persistence.postgres import open_postgres_store
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post, write
from tests.support.school import School, open_school
from tests.support.stores.databases import execute
from tests.support.world import open_world

BOUND_SECONDS = 1.0


async def measure(data_dir: Path, changes: int) -> list[float]:
    """The seconds that each change took."""
    async with (
        open_database(None, data_dir) as dsn,
        open_postgres_store(dsn, pool_size=8, lanes=2) as store,
        open_world(store, presence_grace=0.0) as world,
        trio.open_nursery() as nursery,
    ):
        school = await open_school(world)
        await write(world, school.ann.user, school.ben.user, "hello")
        nursery.start_soon(keep_writing, school)
        found = [await change(school, dsn, number) for number in range(changes)]
        nursery.cancel_scope.cancel()
    return found


async def keep_writing(school: School) -> None:
    """So that the lanes and the hub have something to do meanwhile."""
    while True:
        await post(school.world, school.ann.user, school.general, "x")
        await write(school.world, school.tea.user, school.ann.user, "y")


async def change(school: School, dsn: str, number: int) -> float:
    """One right is taken away, felt, and given back."""
    ann, ben = school.ann.id, school.ben.id
    if number % 2:
        socket = await school.ben.open()
        taken = f"INSERT INTO blocks (blocker_id, blocked_id) VALUES ({ann}, {ben})"
        back = f"DELETE FROM blocks WHERE blocker_id = {ann}"
        notice = "revoked"
    else:
        socket = await school.ben.connect("/ws/chat")
        await socket.send({"type": "join_channel", "channelId": school.general.id})
        await until(socket, "joined_channel")
        taken = f"DELETE FROM workspace_members WHERE user_id = {ben}"
        back = f"INSERT INTO workspace_members VALUES ({school.workspace.id}, {ben})"
        notice = "left_channel"
    await execute(dsn, taken)
    started = trio.current_time()
    await until(socket, notice)
    seconds = trio.current_time() - started
    await socket.drop()  # nothing came after it
    await execute(dsn, back)
    return seconds


async def until(socket: WebSocket, kind: str) -> None:
    """Read everything up to a frame of this type."""
    while (await socket.receive())["type"] != kind:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.revocation")
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="parlour-chaos-") as folder:
        Path(folder).chmod(0o755)
        found = sorted(trio.run(measure, Path(folder) / "data", options.changes))
    report: dict[str, Any] = {
        "changes": len(found),
        "median_ms": round(statistics.median(found) * 1000, 1),
        "p99_ms": round(found[int(len(found) * 0.99)] * 1000, 1),
        "longest_ms": round(found[-1] * 1000, 1),
    }
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if report["p99_ms"] <= BOUND_SECONDS * 1000 else 1


if __name__ == "__main__":
    sys.exit(main())
