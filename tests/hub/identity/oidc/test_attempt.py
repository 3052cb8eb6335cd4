"""Sign-ins that are under way: they end where they began, once, and in time."""

import base64
import hashlib
from collections.abc import Callable

import pytest

from hub.identity.oidc.attempt import LIFETIME, Attempts

NOW = 1_000.0


def test_it_ends_where_it_began_and_once() -> None:
    attempts = Attempts()
    attempt, cookie = attempts.begin(NOW)
    assert attempts.end(cookie, attempt.state, NOW + LIFETIME - 1) == attempt
    assert attempts.end(cookie, attempt.state, NOW + LIFETIME - 1) is None


def test_it_does_not_end_too_late() -> None:
    attempts = Attempts()
    attempt, cookie = attempts.begin(NOW)
    assert attempts.end(cookie, attempt.state, NOW + LIFETIME) is None


def test_it_does_not_end_with_the_state_of_another_one() -> None:
    attempts = Attempts()
    attempt, cookie = attempts.begin(NOW)
    other, _ = attempts.begin(NOW)
    assert attempts.end(cookie, other.state, NOW) is None
    assert attempts.end(cookie, attempt.state, NOW) == attempt  # that did not use it up


def test_it_does_not_end_in_another_hub_or_after_a_restart() -> None:
    attempt, cookie = Attempts().begin(NOW)
    assert Attempts().end(cookie, attempt.state, NOW) is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda cookie: cookie[:0],
        lambda cookie: cookie[:-1],
        lambda cookie: f"{cookie}x",
        lambda cookie: f"9{cookie}",  # begun later
        lambda cookie: cookie.rpartition(".")[0],
        lambda cookie: cookie.replace(".", ".x", 1),
        lambda cookie: f"{cookie[:-1]}é",
        lambda cookie: ".." + cookie[:0],
        lambda cookie: "x.y.z" + cookie[:0],
    ],
)
def test_a_cookie_that_the_hub_did_not_give_ends_nothing(forge: Callable[[str], str]) -> None:
    attempts = Attempts()
    attempt, cookie = attempts.begin(NOW)
    assert attempts.end(forge(cookie), attempt.state, NOW) is None


def test_what_the_provider_is_told_says_nothing_of_the_verifier() -> None:
    attempt, _ = Attempts().begin(NOW)
    told = {attempt.state, attempt.nonce, attempt.challenge}
    assert len(told | {attempt.verifier, attempt.secret}) == 5
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(f"{attempt.challenge}=") == digest
    assert 43 <= len(attempt.verifier) <= 128  # RFC 7636, section 4.1
    assert attempt.secret not in repr(attempt)


def test_no_two_are_alike() -> None:
    attempts = Attempts()
    assert len({attempts.begin(NOW)[0].state for _ in range(100)}) == 100
