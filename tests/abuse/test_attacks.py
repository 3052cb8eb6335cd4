"""A few attacks on a real hub, without a stopwatch: requests are refused, memory stays bounded, and
meanwhile every message arrives.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import pytest
import trio

from tests.abuse.attacker import attack
from tests.abuse.attacks import ATTACKS
from tests.abuse.field import Field
from tests.abuse.figures import MEMORY_MB
from tests.abuse.hubs import Target, run_target
from tests.abuse.people import Person, make_people
from tests.abuse.wire import connect, raise_descriptors
from tests.support.clients.websocket import open_websocket
from tests.support.programs.hub_process import open_folder

MESSAGES: Final = 40
MEGABYTE: Final = 1_048_576

Answered: TypeAlias = Callable[[Mapping[str, int]], bool]
"""Whether the responses to the attacker are enough."""


def at_least(number: int, answer: str) -> Answered:
    return lambda answers: answers[answer] >= number


EXPECTED: Final[Mapping[str, Answered]] = {
    "10 MB of JSON to uploads": at_least(10, "401"),
    "Engine.IO: pings, 10 connections": at_least(10, "101"),
    "/ws: 60 KB that inflate to 60 MB": at_least(10, "close 1009"),
    "/ws: fragments": at_least(1, "101"),
    "/ws: pings, answers not read": at_least(1, "101"),
    "150 downloads that are not read": at_least(150, "asked"),
}


@pytest.fixture(scope="module")
def hub() -> Iterator[tuple[Target, list[Person]]]:
    raise_descriptors()
    with open_folder() as folder:
        people = trio.run(make_people, folder / "data", [0] * (1 + 2 * len(EXPECTED)))
        with run_target("plain", folder / "data", is_pinned=False) as target:
            yield target, people


@pytest.mark.parametrize("name", EXPECTED)
async def test_other_users_receive_everything_and_memory_is_bounded(
    hub: tuple[Target, list[Person]], name: str
) -> None:
    target, people = hub
    at = list(EXPECTED).index(name) + 1
    field = Field(target.port, f"127.8.0.{at}", people[2 * at : 2 * at + 2])
    chosen = next(each for each in ATTACKS if each.name == name)
    before, most = target.process.resident_bytes(), 0
    own = 2 * (at + len(EXPECTED))  # users whose quota no other case has used
    author, reader = people[own : own + 2]
    over = trio.Event()
    async with (
        await connect(target.port, "127.0.0.1") as writing,
        await connect(target.port, "127.0.0.1") as reading,
        trio.open_nursery() as nursery,
    ):
        ours = await open_websocket(writing, Cookie=author.cookie.partition(": ")[2])
        theirs = await open_websocket(reading, Cookie=reader.cookie.partition(": ")[2])
        nursery.start_soon(attack, chosen, field, over)
        for number in range(MESSAGES):
            content = f"{name} {number}"
            await ours.send(
                {"type": "private_message", "recipient_id": reader.id, "content": content}
            )
            assert (await theirs.expect("private_message"))["message"]["content"] == content
            most = max(most, target.process.resident_bytes())
        while not EXPECTED[name](field.answers):
            await theirs.send({"type": "heartbeat"})
            await theirs.expect("heartbeat_ack")
            most = max(most, target.process.resident_bytes())
        over.set()
    assert most - before < MEMORY_MB * MEGABYTE
