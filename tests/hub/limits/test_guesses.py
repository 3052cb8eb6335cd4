"""How often a password may be guessed, and that guesses do not lock the owner out."""

import pytest

from hub.limits.attempts import LocalAttempts
from hub.limits.guesses import NETWORKS, SLOW_SECONDS, Account, Guess, Guesses, account_of
from persistence.attempts import Kind
from protocol.model import UserId

ANN = UserId(1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limited(
    limit: int, *, clock: Clock | None = None, max_homes: int = 9, max_slowed: int = 9
) -> Guesses:
    """Guesses in windows of a minute, with a limit for networks that no test reaches."""
    attempts = LocalAttempts(clock or Clock())
    return Guesses(attempts, limit, 60.0, 1_000, max_homes=max_homes, max_slowed=max_slowed)


async def guess(guesses: Guesses, place: str, *, times: int = 1, account: Account = ANN) -> Guess:
    """The last of some guesses."""
    return [await guesses.take(account, place) for _ in range(times)][-1]


async def come_in(guesses: Guesses, place: str, *, account: Account = ANN) -> None:
    await guesses.was_right(await guess(guesses, place, account=account))


def is_taken_at_once(taken: Guess) -> bool:
    return (taken.wait, taken.delay) == (0.0, 0.0)


async def test_a_network_that_guesses_is_locked_out_of_that_account_only() -> None:
    clock = Clock()
    guesses = limited(3, clock=clock)
    assert is_taken_at_once(await guess(guesses, "one", times=3))
    assert (await guess(guesses, "one")).wait == 60.0
    assert is_taken_at_once(await guess(guesses, "one", account=UserId(2)))
    assert is_taken_at_once(await guess(guesses, "two"))
    clock.now = 59.0
    assert (await guess(guesses, "one")).wait == 1.0
    clock.now = 60.0
    assert is_taken_at_once(await guess(guesses, "one"))


async def attacked(guesses: Guesses, limit: int = 1, networks: int = NETWORKS) -> Guesses:
    """After guesses from so many networks that others are slowed down."""
    for number in range(networks):
        assert is_taken_at_once(await guess(guesses, f"attacker {number}", times=limit))
    return guesses


async def test_after_guesses_from_many_networks_others_are_slowed_down_and_not_refused() -> None:
    clock = Clock()
    guesses = await attacked(limited(3, clock=clock), 3)
    slow = await guess(guesses, "another")
    assert (slow.wait, slow.delay) == (0.0, SLOW_SECONDS)
    assert is_taken_at_once(await guess(guesses, "another", account=UserId(2)))
    clock.now = 61.0
    assert is_taken_at_once(await guess(guesses, "later"))


async def test_each_network_has_one_slow_guess_at_a_time() -> None:
    guesses = await attacked(limited(2), 2)
    slow = await guess(guesses, "one")
    assert (await guess(guesses, "one")).wait == SLOW_SECONDS
    assert (await guess(guesses, "two")).delay == SLOW_SECONDS
    guesses.waited(slow)
    again = await guess(guesses, "one")
    assert again.delay == SLOW_SECONDS  # the refused one did not count
    guesses.waited(again)
    assert (await guess(guesses, "one")).wait == 60.0  # its own limit


async def test_a_guess_that_was_not_slow_does_not_end_the_wait_of_another() -> None:
    guesses = await attacked(limited(2), 2, NETWORKS - 1)
    quick = await guess(guesses, "one")
    await guess(guesses, "two")
    slow = await guess(guesses, "one")
    assert slow.delay == SLOW_SECONDS
    guesses.waited(quick)
    assert (await guess(guesses, "one")).wait > 0.0


async def test_the_slow_guesses_at_a_time_are_limited() -> None:
    guesses = await attacked(limited(1, max_slowed=2))
    slow = [await guess(guesses, name) for name in ("one", "two")]
    assert (await guess(guesses, "three")).wait == SLOW_SECONDS
    guesses.waited(slow[0])
    assert (await guess(guesses, "three")).delay == SLOW_SECONDS


async def test_refused_guesses_of_one_network_do_not_count_for_the_others() -> None:
    guesses = limited(3)
    await guess(guesses, "one", times=3 * NETWORKS + 1)
    assert is_taken_at_once(await guess(guesses, "two"))


async def test_a_right_guess_does_not_count() -> None:
    guesses = limited(2)
    for _ in range(3 * NETWORKS):
        await come_in(guesses, "one")
    assert is_taken_at_once(await guess(guesses, "one", times=2))
    assert (await guess(guesses, "one")).wait > 0.0


async def test_guesses_of_others_still_count_after_the_owner_has_signed_in() -> None:
    guesses = await attacked(limited(1), networks=NETWORKS - 1)
    await come_in(guesses, "owner")
    assert is_taken_at_once(await guess(guesses, "last"))
    slow = await guess(guesses, "one too many")
    assert slow.delay > 0.0
    await guesses.was_right(slow)
    await guesses.give_back(await guess(guesses, "yet another"))
    assert (await guess(guesses, "the next")).delay > 0.0


async def test_the_owner_is_not_slowed_down_at_a_place_where_they_have_signed_in() -> None:
    guesses = limited(1)
    await come_in(guesses, "home")
    await attacked(guesses)
    for _ in range(3):
        home = await guess(guesses, "home")
        assert is_taken_at_once(home)
        await guesses.was_right(home)
    assert (await guess(guesses, "another")).delay > 0.0  # other places gained nothing by that


async def test_guesses_at_a_place_where_the_owner_has_signed_in_are_limited_too() -> None:
    guesses = limited(2)
    await come_in(guesses, "home")
    assert is_taken_at_once(await guess(guesses, "home", times=2))
    assert (await guess(guesses, "home")).wait == 60.0
    assert is_taken_at_once(await guess(guesses, "home", account=UserId(2)))
    await attacked(guesses, 2)


async def test_a_known_browser_is_limited_but_not_slowed_down() -> None:
    guesses = await attacked(limited(2), 2)
    taken = [await guesses.take(ANN, "browser", is_known=True) for _ in range(3)]
    assert [is_taken_at_once(each) for each in taken] == [True, True, False]


async def test_a_place_is_not_known_for_another_account() -> None:
    guesses = limited(1)
    await come_in(guesses, "home", account=UserId(2))
    assert (await guess(await attacked(guesses), "home")).delay > 0.0


async def test_only_the_places_that_were_used_last_are_known() -> None:
    guesses = limited(1, max_homes=2)
    for network in ("one", "two", "one", "three"):
        await come_in(guesses, network)
    await attacked(guesses)
    slow = [(await guess(guesses, each)).delay > 0 for each in ("one", "two", "three")]
    assert slow == [False, True, False]


async def test_a_guess_that_was_given_back_at_a_known_place_frees_no_other_place() -> None:
    guesses = limited(1)
    await come_in(guesses, "home")
    await attacked(guesses)
    home = await guess(guesses, "home")
    assert is_taken_at_once(home)
    await guesses.give_back(home)
    assert is_taken_at_once(await guess(guesses, "home"))
    assert (await guess(guesses, "another")).delay > 0.0


async def test_right_guesses_at_the_same_time_leave_nothing_behind() -> None:
    guesses = limited(2)
    for _ in range(NETWORKS):
        taken = [await guess(guesses, "home") for _ in range(2)]
        await guesses.was_right(taken[0])
        await guesses.give_back(taken[1])
    assert is_taken_at_once(await guess(guesses, "home", times=2))


@pytest.mark.parametrize("text", ["ann", "ANN", "\uff41nn", "a\uff2en"])
def test_a_text_that_names_no_account_is_counted_the_same_in_any_spelling(text: str) -> None:
    assert account_of(None, text) == "ann"
    assert account_of(ANN, text) == ANN


async def test_a_network_is_limited_over_all_accounts() -> None:
    """But not for a known browser; a right guess, or what is no guess, does not count."""
    clock = Clock()
    guesses = Guesses(LocalAttempts(clock), 9, 60.0, 2)
    await come_in(guesses, "one")
    assert await guesses.enter("one") == 0.0
    await guesses.leave("one")
    for number in (1, 2):
        assert is_taken_at_once(await guess(guesses, "one", account=UserId(number)))
    refused = await guess(guesses, "one", account=UserId(3))
    assert (refused.wait, refused.refused_by) == (60.0, Kind.NETWORK)
    assert await guesses.enter("one") == 60.0
    assert is_taken_at_once(await guesses.take(ANN, "one", is_known=True))
    guesses.change(9, 3)
    assert await guesses.enter("one") == 0.0
