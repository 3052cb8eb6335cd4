"""How many messages one connection may send (contract A.6).

Guarantees: a refused attempt costs nothing and delays nothing. Must not know: the time.
"""

from protocol.dialect import Rate


class TokenBucket:
    """A number of tokens that all come back at once.

    Args:
        rate: how many, and how long after the last refill.
        now: seconds on a clock that only goes forward; the first refill.
    """

    __slots__ = ("_rate", "_refilled", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.tokens
        self._refilled = now

    def take(self, now: float) -> bool:
        """Take a token if there is one."""
        if now - self._refilled > self._rate.seconds:
            self._tokens = self._rate.tokens
            self._refilled = now
        if not self._tokens:
            return False
        self._tokens -= 1
        return True
