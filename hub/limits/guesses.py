"""Guesses of passwords: how often an account may be tried.

Guarantees: whoever guesses from one place, a network or a browser that is known to the account,
locks only that place out of the account; when there are many guesses from many networks, another
network's are slowed down, one at a time, and not refused, so the owner comes in from wherever they
are; where they have come in before they are not even slowed. A right one does not count, and a
wrong one does however the account was named. Must not know: the clock, HTTP, passwords.
"""

from typing import Final, TypeAlias

from attrs import frozen

from hub.limits.windows import MAX_KEYS, SlidingWindow
from protocol.model import UserId, name_key

NETWORKS: Final = 10  # that may use up their guesses of one account before others are slowed
SLOW_SECONDS: Final = 5.0
MAX_SLOWED: Final = 1_000  # at a time

Account: TypeAlias = UserId | str
"""An account that is there, or the text that names none."""


def account_of(found: UserId | None, login: str) -> Account:
    """What guesses are counted by. A text that names no account is one however it is written."""
    return name_key(login) if found is None else found


@frozen
class Guess:
    """A guess that was counted, or is refused.

    Args:
        account: whose password is guessed.
        place: from where.
        wait: seconds until the next one is allowed there, if this one is refused; else 0.
        delay: seconds after which it may be looked at, if it is slowed down; else 0.
        counts_for_all: whether it counts for all networks together.
    """

    account: Account
    place: str
    wait: float = 0.0
    delay: float = 0.0
    counts_for_all: bool = False


class Guesses:
    """Counts failed logins.

    Args:
        limit: how many are allowed for one account from one place.
        seconds: after which one no longer counts.
        max_homes: of how many accounts and networks it is remembered that the owner came in there.
        max_slowed: how many wait at a time.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        max_homes: int = MAX_KEYS,
        max_slowed: int = MAX_SLOWED,
    ) -> None:
        self._from_one = SlidingWindow(limit, seconds)
        self._from_all = SlidingWindow(limit * NETWORKS, seconds)
        # where the owner came in, the last one last
        self._homes: dict[tuple[Account, str], None] = {}
        self._max_homes = max_homes
        self._slowed: set[str] = set()
        self._max_slowed = max_slowed

    def change(self, limit: int) -> None:
        """Allow so many from now on."""
        self._from_one.change(limit)
        self._from_all.change(limit * NETWORKS)

    def __len__(self) -> int:
        """How many accounts have failed logins that count."""
        return len(self._from_all)

    def take(self, account: Account, place: str, now: float, *, is_known: bool = False) -> Guess:
        """Count a guess, before it is known to be wrong.

        Args:
            account: whose password it is.
            place: the network, or the browser that is known to the account.
            now: seconds on a clock that only goes forward.
            is_known: whether it is such a browser.
        """
        pair = (account, place)
        if not self._from_one.take(pair, now):
            return Guess(account, place, wait=self._from_one.retry_after(pair, now))
        if is_known or pair in self._homes:
            return Guess(account, place)
        if self._from_all.take(account, now):
            return Guess(account, place, counts_for_all=True)
        if place in self._slowed or len(self._slowed) >= self._max_slowed:
            self._from_one.give_back(pair)
            return Guess(account, place, wait=SLOW_SECONDS)
        self._slowed.add(place)
        return Guess(account, place, delay=SLOW_SECONDS)

    def waited(self, guess: Guess) -> None:
        """A guess is over; if it was slowed down, the next one may wait in its place."""
        if guess.delay:
            self._slowed.discard(guess.place)

    def give_back(self, guess: Guess) -> None:
        """A guess was not looked at."""
        self._from_one.give_back((guess.account, guess.place))
        if guess.counts_for_all:
            self._from_all.give_back(guess.account)

    def was_right(self, guess: Guess) -> None:
        """A guess was the password: what its place tried before does not count, and what others try
        does not count there from now on.
        """
        pair = (guess.account, guess.place)
        self._from_one.forget(pair)
        if guess.counts_for_all:
            self._from_all.give_back(guess.account)
        self._homes.pop(pair, None)
        self._homes[pair] = None
        if len(self._homes) > self._max_homes:
            del self._homes[next(iter(self._homes))]
