"""Guesses of passwords: how often an account may be tried.

Guarantees: whoever guesses from one network locks only that network out of the account, not its
owner elsewhere; from many networks together ten times as many guesses are allowed, and those lock
nobody out where the owner has come in before; a right one does not count, and a wrong one does
however the account was named. Must not know: the clock, HTTP, passwords.
"""

from typing import Final, TypeAlias

from hub.limits.windows import MAX_KEYS, SlidingWindow
from protocol.model import UserId, name_key

NETWORKS: Final = 10  # that may use up their guesses of one account at the same time

Account: TypeAlias = UserId | str
"""An account that is there, or the text that names none."""


def account_of(found: UserId | None, login: str) -> Account:
    """What guesses are counted by. A text that names no account is one however it is written."""
    return name_key(login) if found is None else found


class Guesses:
    """Counts failed logins.

    Args:
        limit: how many are allowed for one account from one network.
        seconds: after which one no longer counts.
        max_homes: of how many accounts and networks it is remembered that the owner came in there.
    """

    def __init__(self, limit: int, seconds: float, *, max_homes: int = MAX_KEYS) -> None:
        self._from_one = SlidingWindow(limit, seconds)
        self._from_all = SlidingWindow(limit * NETWORKS, seconds)
        # where the owner came in, the last one last; and how many guesses there count there alone
        self._homes: dict[tuple[Account, str], int] = {}
        self._max_homes = max_homes

    def __len__(self) -> int:
        """How many accounts have failed logins that count."""
        return len(self._from_all)

    def take(self, account: Account, network: str, now: float) -> float:
        """Count a guess, before it is known to be wrong.

        Returns:
            Seconds to wait, if it is not allowed; else 0.
        """
        pair = (account, network)
        is_home = pair in self._homes
        if not is_home and not self._from_all.take(account, now):
            return self._from_all.retry_after(account, now)
        if not self._from_one.take(pair, now):
            if not is_home:
                self._from_all.give_back(account)
            return self._from_one.retry_after(pair, now)
        if is_home:
            self._homes[pair] += 1
        return 0.0

    def give_back(self, account: Account, network: str) -> None:
        """The latest guess was not looked at."""
        self._from_one.give_back((account, network))
        self._uncount(account, network)

    def was_right(self, account: Account, network: str) -> None:
        """The latest guess was the password: what this network tried before does not count, and
        what others try does not count here from now on.
        """
        pair = (account, network)
        self._from_one.forget(pair)
        self._uncount(account, network)
        self._homes[pair] = self._homes.pop(pair, 0)
        if len(self._homes) > self._max_homes:
            del self._homes[next(iter(self._homes))]

    def _uncount(self, account: Account, network: str) -> None:
        """A guess does not count for all networks together, if it did."""
        pair = (account, network)
        if self._homes.get(pair):
            self._homes[pair] -= 1
        else:
            self._from_all.give_back(account)
