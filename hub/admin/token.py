"""The token with which operators come in from afar.

Guarantees: it is compared in constant time, guesses of it are limited like those of passwords, and
the log says that there are some. Must not know: how it is sent.
"""

import hmac

import trio

from hub.assembly import Services
from hub.settings.redaction import Secret


class Throttled(Exception):
    """There were too many guesses from a network; in `seconds` there may be another one."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"no guess is looked at for {seconds:.0f} s")


def is_admin_token(services: Services, token: Secret, given: str, network: str) -> bool:
    """Whether what was sent is the token. What is wrong counts as a guess of its network.

    Raises:
        Throttled: it was not looked at.
    """
    attempts, now = services.admin_attempts, trio.current_time()
    if not attempts.take(network, now):
        raise Throttled(attempts.retry_after(network, now))
    if not hmac.compare_digest(given.encode(), token.reveal().encode()):
        attempts.was_wrong(network, now)
        return False
    attempts.give_back(network)
    return True
