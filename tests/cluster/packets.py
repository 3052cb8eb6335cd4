"""Packet loss: in a network namespace of the campaign's own, the kernel drops packets to or from a
port. Unlike behind a silent proxy, no segment is acknowledged, and a connection to the port is
neither refused nor accepted.
"""

import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final, NoReturn

import trio
from attrs import define

from tests.chaos.proxy import Way

INSIDE: Final = "PARLOUR_TEST_OWN_NETWORK"
FIELDS: Final = {Way.UP: "dport", Way.DOWN: "sport"}


def own_network() -> bool:
    """Whether this process is in a network namespace of its own, where packets can be lost."""
    return INSIDE in os.environ


def why_not() -> str | None:
    """Why no such namespace can be made here; None if it can."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    missing = [name for name in ("unshare", "ip", "nft") if shutil.which(name) is None]
    return f"{', '.join(missing)}: not installed" if missing else None


def begin_again(module: str, arguments: list[str]) -> NoReturn:
    """Run a module in this process' place, in a network namespace of its own."""
    inside = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    command = ("unshare", "--net", *inside, sys.executable, "-m", module, *arguments)
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})


@define
class Lost:
    """`packets`: how many were lost, once it is over."""

    packets: int = 0


@asynccontextmanager
async def packets_lost(port: int, ways: Collection[Way]) -> AsyncIterator[Lost]:
    """In the context, packets to a port, or from it, are lost."""
    table = f"inet lost_{port}"
    rules = " ".join(f"tcp {FIELDS[way]} {port} counter drop;" for way in ways)
    chain = f"chain out {{ type filter hook output priority 0; {rules} }};"
    lost = Lost()
    await trio.run_process(["nft", f"table {table} {{ {chain} }}"])
    try:
        yield lost
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
            listed = await trio.run_process(
                ["nft", "--json", "list", "table", *table.split()], capture_stdout=True
            )
            lost.packets = _counted(listed.stdout)
            await trio.run_process(["nft", "delete", "table", *table.split()])


def _counted(listed: bytes) -> int:
    """The packets that all rules have dropped."""
    rules = [each["rule"] for each in json.loads(listed)["nftables"] if "rule" in each]
    return sum(
        expression["counter"]["packets"]
        for rule in rules
        for expression in rule["expr"]
        if "counter" in expression
    )
