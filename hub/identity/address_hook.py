"""Runs the operator's program that sends a user the link which proves that an address is theirs.

Guarantees: the program gets one JSON object, of the hub's environment only `_ENVIRONMENT`, and none
of its open files but standard error; it is killed when it takes longer than `HOOK_SECONDS`; at most
`AT_ONCE` run at a time and `MAX_WAITING` wait. Must not know: what the link does, how mail is sent.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog
import trio
from attrs import field, frozen

log = structlog.get_logger(__name__)

HOOK_SECONDS: Final = 10.0
AT_ONCE: Final = 2
MAX_WAITING: Final = 16
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "TZ")


class HookFailed(Exception):
    """Nothing was sent, as far as is known."""


@frozen
class AddressHook:
    """Runs the program.

    Args:
        program: gets the message on its standard input, and exits with 0 if it accepts it.
        page: the address of the page, with which the link begins.
    """

    program: Path
    page: str
    _places: trio.CapacityLimiter = field(init=False, factory=lambda: trio.CapacityLimiter(AT_ONCE))

    async def send(self, address: str, ticket: str, about: Mapping[str, object]) -> None:
        """Have a link with the ticket sent to an address.

        Raises:
            HookFailed: nothing was sent, as far as is known.
        """
        if self._places.statistics().tasks_waiting >= MAX_WAITING:
            raise HookFailed
        message = {"email": address, "link": f"{self.page}#email={ticket}", **about}
        code = None
        async with self._places:
            with trio.move_on_after(HOOK_SECONDS):
                code = await self._run(json.dumps(message).encode())
        if code != 0:
            log.warning("email_hook_failed", exit_code=code, took_too_long=code is None)
            raise HookFailed

    async def _run(self, message: bytes) -> int:
        try:
            done = await trio.run_process(
                [self.program.absolute()],
                stdin=message,
                stdout=subprocess.DEVNULL,
                check=False,
                deliver_cancel=_kill,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
        except OSError as error:
            log.warning("email_hook_not_started", reason=error.strerror)
            raise HookFailed from None
        return done.returncode


async def _kill(process: trio.Process) -> None:
    process.kill()
