"""The token of operators who do not use the admin socket.

Guarantees: it is compared in constant time, and wrong ones are limited for each network and logged.
Must not know: how it is sent.
"""

import hmac

import trio

from hub.assembly import Services
from hub.settings.redaction import Secret


class Throttled(Exception):
    """There were too many guesses from a network; the next one is allowed in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"no guess is looked at for {seconds:.0f} s")


def is_admin_token(services: Services, token: Secret, given: str, network: str) -> bool:
    """Whether `given` is the token. A wrong one counts as a guess of its network.

    Raises:
        Throttled: it was not compared.
    """
    attempts, now = services.admin_attempts, trio.current_time()
    if not attempts.take(network, now):
        raise Throttled(attempts.retry_after(network, now))
    if not hmac.compare_digest(given.encode(), token.reveal().encode()):
        attempts.was_wrong(network, now)
        return False
    attempts.give_back(network)
    return True
