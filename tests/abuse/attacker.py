"""An attack in a process of its own: `python -m tests.abuse.attacker`, its order on stdin.

Reads a line of JSON, prints "ready", begins with the next line and ends with the one after that, or
with the end of stdin; prints the counts of the responses that it got.
"""

import json
import ssl
import sys
from collections import Counter

import attrs
import trio

from tests.abuse.attacks import ATTACKS
from tests.abuse.field import BROKEN, Attack, Field, Refused
from tests.abuse.people import Person
from tests.abuse.wire import raise_descriptors


async def attack(chosen: Attack, field: Field, over: trio.Event) -> None:
    """Attack until it is over."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_run, chosen, field)
        await over.wait()
        nursery.cancel_scope.cancel()


async def _run(chosen: Attack, field: Field) -> None:
    try:
        await chosen.run(field)
    except* (*BROKEN, Refused) as group:
        field.answers[f"ended: {group.exceptions[0]!r}"] += 1


async def _until_line(chosen: Attack, field: Field) -> None:
    over = trio.Event()

    async def listen() -> None:
        await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
        over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await attack(chosen, field, over)


def main() -> int:
    raise_descriptors()
    order = json.loads(sys.stdin.readline())
    chosen = next(each for each in ATTACKS if each.name == order["attack"])
    tls = None
    if order["tls"]:
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    people = [Person.of(each) for each in order["people"]]
    field = Field(order["port"], order["address"], people, tls)
    print("ready", flush=True)
    sys.stdin.readline()
    trio.run(_until_line, chosen, field)
    print(json.dumps(Counter(field.answers)), flush=True)
    return 0


def order(chosen: Attack, field: Field) -> str:
    """The line that the process reads."""
    content = {
        "attack": chosen.name,
        "tls": field.tls is not None,
        "people": [attrs.asdict(each) for each in field.people],
        "port": field.port,
        "address": field.address,
    }
    return json.dumps(content) + "\n"


if __name__ == "__main__":
    sys.exit(main())
