"""Who may guess a password how often, and whom guesses lock out."""

import pytest

from hub.limits.guesses import NETWORKS, Account, Guesses, account_of
from protocol.model import UserId

ANN = UserId(1)


def guess(guesses: Guesses, network: str, *, times: int = 1, account: Account = ANN) -> float:
    """The wait before the last of some guesses."""
    return [guesses.take(account, network, 0.0) for _ in range(times)][-1]


def test_a_network_that_guesses_is_locked_out_of_that_account_alone() -> None:
    guesses = Guesses(3, 60.0)
    assert guess(guesses, "one", times=3) == 0.0
    assert guess(guesses, "one") == 60.0
    assert guess(guesses, "one", account=UserId(2)) == 0.0
    assert guess(guesses, "two") == 0.0
    assert guesses.take(ANN, "one", 59.0) == 1.0
    assert guesses.take(ANN, "one", 60.0) == 0.0


def test_many_networks_together_are_limited_too() -> None:
    guesses = Guesses(3, 60.0)
    for number in range(NETWORKS):
        assert guess(guesses, str(number), times=3) == 0.0
    assert guess(guesses, "another") == 60.0
    assert guess(guesses, "another", account=UserId(2)) == 0.0


def test_refused_guesses_of_one_network_use_up_nothing_of_the_others() -> None:
    guesses = Guesses(3, 60.0)
    guess(guesses, "one", times=3 * NETWORKS + 1)
    assert guess(guesses, "two") == 0.0


def test_a_right_guess_does_not_count() -> None:
    guesses = Guesses(2, 60.0)
    for _ in range(3 * NETWORKS):
        assert guess(guesses, "one") == 0.0
        guesses.was_right(ANN, "one")
    assert guess(guesses, "one", times=2) == 0.0
    assert guess(guesses, "one") > 0.0


def test_what_others_tried_still_counts_when_the_owner_comes_in() -> None:
    guesses = Guesses(1, 60.0)
    for number in range(NETWORKS - 1):
        guess(guesses, str(number))
    assert guess(guesses, "owner") == 0.0
    guesses.was_right(ANN, "owner")
    assert guess(guesses, "last") == 0.0
    assert guess(guesses, "one too many") > 0.0


def locked(guesses: Guesses, limit: int = 1) -> Guesses:
    """After guesses from as many networks as lock an account."""
    for number in range(NETWORKS):
        guess(guesses, f"attacker {number}", times=limit)
    assert guess(guesses, "another") > 0.0
    return guesses


def test_many_networks_do_not_lock_the_owner_out_where_they_have_come_in_before() -> None:
    guesses = Guesses(1, 60.0)
    guess(guesses, "home")
    guesses.was_right(ANN, "home")
    locked(guesses)
    for _ in range(3):
        assert guess(guesses, "home") == 0.0
        guesses.was_right(ANN, "home")
    assert guess(guesses, "another") > 0.0  # nobody gained anything by that


def test_there_guesses_are_limited_too() -> None:
    guesses = Guesses(2, 60.0)
    guess(guesses, "home")
    guesses.was_right(ANN, "home")
    assert guess(guesses, "home", times=2) == 0.0
    assert guess(guesses, "home") == 60.0
    assert guess(guesses, "home", account=UserId(2)) == 0.0
    locked(guesses, 2)


def test_a_place_is_not_known_for_another_account() -> None:
    guesses = Guesses(1, 60.0)
    guess(guesses, "home", account=UserId(2))
    guesses.was_right(UserId(2), "home")
    assert guess(locked(guesses), "home") > 0.0


def test_the_places_that_were_used_last_are_known() -> None:
    guesses = Guesses(1, 60.0, max_homes=2)
    for network in ("one", "two", "one", "three"):
        guess(guesses, network)
        guesses.was_right(ANN, network)
    locked(guesses)
    assert [guess(guesses, each) > 0 for each in ("one", "two", "three")] == [False, True, False]


def test_a_guess_that_was_not_looked_at_there_frees_nobody_else() -> None:
    guesses = Guesses(1, 60.0)
    guess(guesses, "home")
    guesses.was_right(ANN, "home")
    locked(guesses)
    assert guess(guesses, "home") == 0.0
    guesses.give_back(ANN, "home")
    assert guess(guesses, "home") == 0.0
    assert guess(guesses, "another") > 0.0


def test_right_guesses_at_the_same_time_leave_nothing_behind() -> None:
    guesses = Guesses(5, 60.0)
    guess(guesses, "home", times=3)
    for _ in range(2):
        guesses.was_right(ANN, "home")
    guesses.give_back(ANN, "home")
    assert len(guesses) == 0


@pytest.mark.parametrize("text", ["ann", "ANN", "\uff41nn", "a\uff2en"])
def test_a_text_that_names_nobody_counts_however_it_is_written(text: str) -> None:
    assert account_of(None, text) == "ann"
    assert account_of(ANN, text) == ANN
