"""Guesses of passwords: how often an account may be tried.

Guarantees: too many guesses from one place, a network or a browser that is known to the account,
lock only that place out of the account; after many guesses from many networks, those of further
networks are slowed down, one at a time for each, and not refused, so the owner can sign in from
anywhere; at places where the owner has signed in before they are not even slowed down. A right
guess does not count, and a wrong one does, however the account was named. Guesses are counted for
all nodes; those that wait, and the places of owners, each node knows for itself. Must not know: the
clock, HTTP, passwords.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from attrs import frozen

from hub.limits.windows import MAX_KEYS
from persistence.attempts import Attempts, Kind, Window
from persistence.records import StoreUnavailable
from protocol.model import UserId, name_key

NETWORKS: Final = 10  # that may use up their guesses of one account before others are slowed
SLOW_SECONDS: Final = 5.0
MAX_SLOWED: Final = 1_000  # guesses at a time

Account: TypeAlias = UserId | str
"""The user of an account, or a login text that names no account."""


def account_of(found: UserId | None, login: str) -> Account:
    """The key for counting guesses; for a text that names no account, the same in any spelling."""
    return name_key(login) if found is None else found


@frozen
class Guess:
    """A guess that was counted, or is refused.

    Args:
        account: whose password is guessed.
        place: the network, or the browser that is known to the account.
        counted: the windows in which it was counted.
        wait: seconds until the next one is allowed there, if this one is refused; else 0.
        delay: seconds after which it may be checked, if it is slowed down; else 0.
        refused_by: the kind of the window that refuses it.
    """

    account: Account
    place: str
    counted: Sequence[Window] = ()
    wait: float = 0.0
    delay: float = 0.0
    refused_by: Kind | None = None


class Guesses:
    """Counts failed logins.

    Args:
        attempts: counts them.
        limit: how many are allowed for one account from one place.
        seconds: after which one no longer counts.
        of_network: how many are allowed from one network, for all accounts.
        max_homes: how many pairs of an account and a place where its owner signed in are kept.
        max_slowed: how many wait at a time.
    """

    def __init__(
        self,
        attempts: Attempts,
        limit: int,
        seconds: float,
        of_network: int,
        *,
        max_homes: int = MAX_KEYS,
        max_slowed: int = MAX_SLOWED,
    ) -> None:
        self._attempts = attempts
        self._limit = limit
        self._seconds = seconds
        self._of_network = of_network
        # the places where owners signed in, the latest one last
        self._homes: dict[tuple[Account, str], None] = {}
        self._max_homes = max_homes
        self._slowed: set[str] = set()
        self._max_slowed = max_slowed

    def change(self, limit: int, of_network: int) -> None:
        """Allow so many from now on."""
        self._limit, self._of_network = limit, of_network

    async def enter(self, network: str) -> float:
        """Count an attempt of a network that is no guess; returns the seconds to wait if it is
        refused, else 0. Raises StoreUnavailable.
        """
        full = await self._attempts.take([self._network(network)])
        return 0.0 if full is None else full.wait

    async def leave(self, network: str) -> None:
        """Take back an attempt that `enter` counted: it was none."""
        await self._give_back([self._network(network)])

    async def take(self, account: Account, place: str, *, is_known: bool = False) -> Guess:
        """Count a guess, before it is known to be wrong.

        Args:
            account: whose password is guessed.
            place: the network, or the browser that is known to the account.
            is_known: whether it is such a browser; a network's guess also counts for the network.

        Raises:
            StoreUnavailable: it cannot be counted now.
        """
        pair = self._pair(account, place)
        first = [pair] if is_known else [self._network(place), pair]
        if is_known or (account, place) in self._homes:
            full, counted = await self._attempts.take(first), first
        else:
            counted = [*first, self._account(account)]
            full = await self._attempts.take(counted)
        if full is None:
            return Guess(account, place, counted)
        if full.window.kind is not Kind.ACCOUNT:
            return Guess(account, place, wait=full.wait, refused_by=full.window.kind)
        if place in self._slowed or len(self._slowed) >= self._max_slowed:
            await self._give_back([pair])
            return Guess(account, place, wait=SLOW_SECONDS, refused_by=Kind.ACCOUNT)
        self._slowed.add(place)
        return Guess(account, place, first, delay=SLOW_SECONDS)

    def waited(self, guess: Guess) -> None:
        """A guess is over; if it was slowed down, the next one may wait in its place."""
        if guess.delay:
            self._slowed.discard(guess.place)

    async def give_back(self, guess: Guess) -> None:
        """A guess was not checked, so it does not count."""
        await self._give_back(guess.counted)

    async def was_right(self, guess: Guess) -> None:
        """A guess was right: earlier guesses from its place no longer count, and guesses from other
        places do not slow this place down from now on.
        """
        pair = self._pair(guess.account, guess.place)
        await self._give_back([each for each in guess.counted if each != pair], forget=[pair])
        home = (guess.account, guess.place)
        self._homes.pop(home, None)
        self._homes[home] = None
        if len(self._homes) > self._max_homes:
            del self._homes[next(iter(self._homes))]

    async def _give_back(self, windows: Sequence[Window], *, forget: Sequence[Window] = ()) -> None:
        with suppress(StoreUnavailable):  # then it counts until its window has passed
            await self._attempts.give_back(windows, forget=forget)

    def _network(self, network: str) -> Window:
        return Window(Kind.NETWORK, network, self._of_network, self._seconds)

    def _pair(self, account: Account, place: str) -> Window:
        return Window(Kind.PLACE, f"{account!r} {place}", self._limit, self._seconds)

    def _account(self, account: Account) -> Window:
        return Window(Kind.ACCOUNT, repr(account), self._limit * NETWORKS, self._seconds)
