"""A hub on a real port within the test, and the passwords of its demo accounts."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub.app import Server, open_server
from hub.settings.config import Config
from hub.sockets.addresses import open_listeners
from persistence.interface import Store


@asynccontextmanager
async def serve(store: Store, *, port: int = 0, **settings: Any) -> AsyncIterator[Server]:
    """A server over `store` on this port of the machine; keywords are settings."""
    config = Config(port=port, **settings)
    async with open_server(config, open_listeners(config.host, port), store) as server:
        yield server


def demo_passwords(text: str) -> dict[str, str]:
    """By username, from the commands that `parlour serve --demo` prints."""
    return {name: word for word, name in re.findall(r"PARLOUR_PASSWORD=(\S+) .* --as (\w+)", text)}
