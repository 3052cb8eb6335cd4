"""`python -m tests.chaos.revocation --changes 200 --json PATH`: how soon the loss of a right takes
effect.

Users are blocked and removed from a workspace by plain SQL while others keep writing, and while a
user with 20,000 conversations turns private again and again; measured is the time from the
statement's commit to the last event that the connection concerned gets, its notice.
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
from attrs import define

from persistence import open_database
from persistence.postgres import open_postgres_store
from protocol.model import UserId
from tests.support.clients.websocket import WebSocket
from tests.support.posting import post, write
from tests.support.school import School, open_school
from tests.support.stores.databases import execute
from tests.support.world import Person, World, open_world

BOUND_SECONDS = 1.0
CONNECTED = 50  # of the users with whom mia has a conversation
# Mia and the others have written to each other; every second one of them has a private profile.
CROWD = """
    WITH made AS (
        INSERT INTO users (username, username_key, name, name_key, password_hash, is_public)
        SELECT 'peer' || n, 'peer' || n, 'Peer ' || n, 'peer ' || n, 'none', n % 2 = 0
          FROM generate_series(1, {count}) AS n
        RETURNING id
    ), dms AS (
        INSERT INTO channels (kind, user_lo, user_hi, name, last_seq)
        SELECT 'dm', {mia}, id, format('dm_%s_%s', {mia}, id), 2 FROM made
        RETURNING id, user_lo, user_hi
    ), members AS (
        INSERT INTO channel_members (channel_id, user_id)
        SELECT d.id, u FROM dms d, unnest(ARRAY[d.user_lo, d.user_hi]) AS u
    )
    INSERT INTO messages (channel_id, seq, author_id, content)
    SELECT d.id, n, CASE n WHEN 1 THEN d.user_lo ELSE d.user_hi END, 'hello'
      FROM dms d, generate_series(1, 2) AS n
"""


@define
class Crowd:
    """The connections besides those of the users whose rights are taken."""

    closed: int = 0  # notices that a user turned private

    async def read_on(self, person: Person) -> None:
        """Read everything that a connection of a user receives, as long as there are
        measurements.
        """
        socket = await person.open()
        person.world.sockets.remove(socket)  # so that it need not be read to its end
        while True:
            self.closed += (await socket.receive())["type"] == "revoked"


async def measure(data_dir: Path, changes: int, conversations: int) -> tuple[list[float], int]:
    """The seconds that each change took, and how many conversations were closed meanwhile."""
    crowd = Crowd()
    async with (
        open_database(None, data_dir) as dsn,
        open_postgres_store(dsn, pool_size=8, lanes=2) as store,
        open_world(store, presence_grace=0.0) as world,
        trio.open_nursery() as nursery,
    ):
        school = await open_school(world)
        await write(world, school.ann.user, school.ben.user, "hello")
        nursery.start_soon(keep_writing, school)
        if conversations:
            await open_crowd(world, dsn, conversations, nursery, crowd)
        found = [await change(school, dsn, number) for number in range(changes)]
        nursery.cancel_scope.cancel()
    return found, crowd.closed


async def keep_writing(school: School) -> None:
    """Write, so that the lanes and the hub have work meanwhile."""
    while True:
        await post(school.world, school.ann.user, school.general, "x")
        await write(school.world, school.tea.user, school.ann.user, "y")


async def open_crowd(
    world: World, dsn: str, count: int, nursery: trio.Nursery, crowd: Crowd
) -> None:
    """Mia gets so many conversations, and turns private again and again; some of the others are
    connected.
    """
    mia = await world.person("mia")
    await execute(dsn, CROWD.format(mia=mia.id, count=count))
    await execute(dsn, "ANALYZE")
    nursery.start_soon(crowd.read_on, mia)
    for number in range(1, min(count, CONNECTED) + 1):
        peer = await world.store.accounts.find(f"peer{number}")
        assert peer is not None
        nursery.start_soon(crowd.read_on, await world.sign_in(peer))
    nursery.start_soon(turn_private, dsn, mia.id)


async def turn_private(dsn: str, user_id: UserId) -> None:
    """Turn private and public again and again; each time half of the conversations are closed."""
    while True:
        for is_public in (False, True):
            await execute(dsn, f"UPDATE users SET is_public = {is_public} WHERE id = {user_id}")
            await trio.sleep(0.5)


async def change(school: School, dsn: str, number: int) -> float:
    """Take one right away, wait for the notice, and give the right back."""
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
    await socket.drop()  # fails if an event came after it
    await execute(dsn, back)
    return seconds


async def until(socket: WebSocket, kind: str) -> None:
    """Read everything up to a frame of this type."""
    while (await socket.receive())["type"] != kind:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.revocation")
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--conversations", type=int, default=20_000, help="of who turns private")
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asked = (options.changes, options.conversations)
    with tempfile.TemporaryDirectory(prefix="parlour-chaos-") as folder:
        Path(folder).chmod(0o755)
        found, closed = trio.run(measure, Path(folder) / "data", *asked)
    found.sort()
    report: dict[str, Any] = {
        "changes": len(found),
        "conversations": options.conversations,
        "closed_meanwhile": closed,
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
