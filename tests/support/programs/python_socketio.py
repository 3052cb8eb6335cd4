"""A client of python-socketio with its defaults, for threads or for asyncio: a program that prints
what happens and reads commands from standard input, as tests/node/socketio_client.mjs does.

    python -m tests.support.programs.python_socketio threads|asyncio URL AUTH
"""

import asyncio
import json
import sys
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import socketio

EVENTS: Final = (
    "message:new", "message:sent", "message:delivered", "message:read", "message:typing:start",
    "message:typing:stop", "message:error", "message:offline", "channel:revoked", "resumed",
)  # fmt: skip
_printing: Final = Lock()


def say(happened: object) -> None:
    with _printing:
        sys.stdout.write(f"{json.dumps(happened)}\n")
        sys.stdout.flush()


def listens(event: str) -> Callable[[Any], None]:
    """A handler of one argument, as most people write them."""

    def hear(data: Any) -> None:
        say({"event": event, "data": data})

    return hear


def threads(url: str, auth: dict[str, Any]) -> None:
    client = socketio.Client()
    for event in EVENTS:
        client.on(event, listens(event))
    client.connect(url, auth=auth)
    say({"connected": client.transport()})
    for line in sys.stdin:
        command = json.loads(line)
        if "disconnect" in command:
            break
        event, payload = command["emit"]
        if command.get("ack"):
            say({"answer": client.call(event, payload)})
        else:
            client.emit(event, payload)
    client.disconnect()


async def in_asyncio(url: str, auth: dict[str, Any]) -> None:
    client = socketio.AsyncClient()
    for event in EVENTS:
        client.on(event, listens(event))
    await client.connect(url, auth=auth)
    say({"connected": client.transport()})
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        if "disconnect" in command:
            break
        event, payload = command["emit"]
        if command.get("ack"):
            say({"answer": await client.call(event, payload)})
        else:
            await client.emit(event, payload)
    await client.disconnect()


if __name__ == "__main__":
    kind, url, auth = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    if kind == "threads":
        threads(url, auth)
    else:
        asyncio.run(in_asyncio(url, auth))
