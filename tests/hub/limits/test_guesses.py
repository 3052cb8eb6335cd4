"""Who may guess a password how often, and that guesses lock no owner out."""

import pytest

from hub.limits.guesses import NETWORKS, SLOW_SECONDS, Account, Guess, Guesses, account_of
from protocol.model import UserId

ANN = UserId(1)


def guess(guesses: Guesses, place: str, *, times: int = 1, account: Account = ANN) -> Guess:
    """The last of some guesses."""
    return [guesses.take(account, place, 0.0) for _ in range(times)][-1]


def come_in(guesses: Guesses, place: str, *, account: Account = ANN) -> None:
    guesses.was_right(guess(guesses, place, account=account))


def is_taken_at_once(taken: Guess) -> bool:
    return (taken.wait, taken.delay) == (0.0, 0.0)


def test_a_network_that_guesses_is_locked_out_of_that_account_alone() -> None:
    guesses = Guesses(3, 60.0)
    assert is_taken_at_once(guess(guesses, "one", times=3))
    assert guess(guesses, "one").wait == 60.0
    assert is_taken_at_once(guess(guesses, "one", account=UserId(2)))
    assert is_taken_at_once(guess(guesses, "two"))
    assert guesses.take(ANN, "one", 59.0).wait == 1.0
    assert is_taken_at_once(guesses.take(ANN, "one", 60.0))


def attacked(guesses: Guesses, limit: int = 1, networks: int = NETWORKS) -> Guesses:
    """After guesses from as many networks as have others slowed down."""
    for number in range(networks):
        assert is_taken_at_once(guess(guesses, f"attacker {number}", times=limit))
    return guesses


def test_beyond_many_networks_others_are_slowed_down_and_not_refused() -> None:
    guesses = attacked(Guesses(3, 60.0), 3)
    slow = guess(guesses, "another")
    assert (slow.wait, slow.delay) == (0.0, SLOW_SECONDS)
    assert is_taken_at_once(guess(guesses, "another", account=UserId(2)))
    assert is_taken_at_once(guesses.take(ANN, "later", 61.0))


def test_of_each_network_one_guess_is_slow_at_a_time() -> None:
    guesses = attacked(Guesses(2, 60.0), 2)
    slow = guess(guesses, "one")
    assert guess(guesses, "one").wait == SLOW_SECONDS
    assert guess(guesses, "two").delay == SLOW_SECONDS
    guesses.waited(slow)
    again = guess(guesses, "one")
    assert again.delay == SLOW_SECONDS  # the refused one did not count
    guesses.waited(again)
    assert guess(guesses, "one").wait == 60.0  # its own limit


def test_a_guess_that_was_not_slow_ends_the_wait_of_no_other() -> None:
    guesses = attacked(Guesses(2, 60.0), 2, NETWORKS - 1)
    quick = guess(guesses, "one")
    guess(guesses, "two")
    slow = guess(guesses, "one")
    assert slow.delay == SLOW_SECONDS
    guesses.waited(quick)
    assert guess(guesses, "one").wait > 0.0


def test_few_wait_at_a_time() -> None:
    guesses = attacked(Guesses(1, 60.0, max_slowed=2))
    slow = [guess(guesses, name) for name in ("one", "two")]
    assert guess(guesses, "three").wait == SLOW_SECONDS
    guesses.waited(slow[0])
    assert guess(guesses, "three").delay == SLOW_SECONDS


def test_refused_guesses_of_one_network_use_up_nothing_of_the_others() -> None:
    guesses = Guesses(3, 60.0)
    guess(guesses, "one", times=3 * NETWORKS + 1)
    assert is_taken_at_once(guess(guesses, "two"))


def test_a_right_guess_does_not_count() -> None:
    guesses = Guesses(2, 60.0)
    for _ in range(3 * NETWORKS):
        come_in(guesses, "one")
    assert is_taken_at_once(guess(guesses, "one", times=2))
    assert guess(guesses, "one").wait > 0.0


def test_what_others_tried_still_counts_when_the_owner_comes_in() -> None:
    guesses = attacked(Guesses(1, 60.0), networks=NETWORKS - 1)
    come_in(guesses, "owner")
    assert is_taken_at_once(guess(guesses, "last"))
    slow = guess(guesses, "one too many")
    assert slow.delay > 0.0
    guesses.was_right(slow)
    guesses.give_back(guess(guesses, "yet another"))
    assert guess(guesses, "the next").delay > 0.0


def test_where_the_owner_has_come_in_before_they_are_not_slowed_down() -> None:
    guesses = Guesses(1, 60.0)
    come_in(guesses, "home")
    attacked(guesses)
    for _ in range(3):
        home = guess(guesses, "home")
        assert is_taken_at_once(home)
        guesses.was_right(home)
    assert guess(guesses, "another").delay > 0.0  # nobody gained anything by that


def test_there_guesses_are_limited_too() -> None:
    guesses = Guesses(2, 60.0)
    come_in(guesses, "home")
    assert is_taken_at_once(guess(guesses, "home", times=2))
    assert guess(guesses, "home").wait == 60.0
    assert is_taken_at_once(guess(guesses, "home", account=UserId(2)))
    attacked(guesses, 2)


def test_a_known_browser_is_not_slowed_down_and_limited_too() -> None:
    guesses = attacked(Guesses(2, 60.0), 2)
    taken = [guesses.take(ANN, "browser", 0.0, is_known=True) for _ in range(3)]
    assert [is_taken_at_once(each) for each in taken] == [True, True, False]


def test_a_place_is_not_known_for_another_account() -> None:
    guesses = Guesses(1, 60.0)
    come_in(guesses, "home", account=UserId(2))
    assert guess(attacked(guesses), "home").delay > 0.0


def test_the_places_that_were_used_last_are_known() -> None:
    guesses = Guesses(1, 60.0, max_homes=2)
    for network in ("one", "two", "one", "three"):
        come_in(guesses, network)
    attacked(guesses)
    slow = [guess(guesses, each).delay > 0 for each in ("one", "two", "three")]
    assert slow == [False, True, False]


def test_a_guess_that_was_not_looked_at_there_frees_nobody_else() -> None:
    guesses = Guesses(1, 60.0)
    come_in(guesses, "home")
    attacked(guesses)
    home = guess(guesses, "home")
    assert is_taken_at_once(home)
    guesses.give_back(home)
    assert is_taken_at_once(guess(guesses, "home"))
    assert guess(guesses, "another").delay > 0.0


def test_right_guesses_at_the_same_time_leave_nothing_behind() -> None:
    guesses = Guesses(5, 60.0)
    taken = [guess(guesses, "home") for _ in range(3)]
    for each in taken[:2]:
        guesses.was_right(each)
    guesses.give_back(taken[2])
    assert len(guesses) == 0


@pytest.mark.parametrize("text", ["ann", "ANN", "\uff41nn", "a\uff2en"])
def test_a_text_that_names_nobody_counts_however_it_is_written(text: str) -> None:
    assert account_of(None, text) == "ann"
    assert account_of(ANN, text) == ANN
