"""Sign-ins that have begun: each ends in the browser in which it began, and in time."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from hub.identity.oidc.attempt import LIFETIME, Attempt, Attempts
from protocol.parsing.express_session import sign

NOW = datetime(2026, 11, 28, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_sign_in_ends_once_with_its_own_cookie_and_state() -> None:
    attempts = Attempts(["own"])
    attempt, cookie = attempts.begin(NOW)
    assert attempts.end(cookie, attempt.state, NOW + LIFETIME - SECOND) == attempt
    assert attempts.end(cookie, attempt.state, NOW + LIFETIME - SECOND) is None


def test_a_sign_in_does_not_end_after_its_lifetime() -> None:
    attempts = Attempts(["own"])
    attempt, cookie = attempts.begin(NOW)
    assert attempts.end(cookie, attempt.state, NOW + LIFETIME) is None


def test_a_sign_in_does_not_end_with_the_state_of_another_one() -> None:
    attempts = Attempts(["own"])
    attempt, cookie = attempts.begin(NOW)
    other, _ = attempts.begin(NOW)
    assert attempts.end(cookie, other.state, NOW) is None
    assert attempts.end(cookie, attempt.state, NOW) == attempt  # the failed one did not end it


@pytest.mark.parametrize(
    ("secrets", "ends"), [(["own"], True), (["new", "own"], True), (["x"], False)]
)
def test_a_sign_in_ends_at_any_node_with_the_secret(secrets: list[str], *, ends: bool) -> None:
    """Also where the secret is not the newest one any more."""
    attempt, cookie = Attempts(["own"]).begin(NOW)
    assert (Attempts(secrets).end(cookie, attempt.state, NOW) is not None) is ends


@pytest.mark.parametrize(("early", "ends"), [(LIFETIME - SECOND, True), (LIFETIME, False)])
def test_clocks_of_nodes_may_differ_a_little(early: timedelta, *, ends: bool) -> None:
    attempts = Attempts(["own"])
    attempt, cookie = attempts.begin(NOW)
    assert (attempts.end(cookie, attempt.state, NOW - early) is not None) is ends


def test_another_cookie_signed_with_the_same_secret_ends_no_sign_in() -> None:
    attempt = Attempt("secret")
    for content in (f"browser.{NOW.timestamp():.0f}.{attempt.secret}", attempt.secret):
        assert Attempts(["own"]).end(sign(content, "own"), attempt.state, NOW) is None


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
def test_a_forged_cookie_ends_no_sign_in(forge: Callable[[str], str]) -> None:
    attempts = Attempts(["own"])
    attempt, cookie = attempts.begin(NOW)
    assert attempts.end(forge(cookie), attempt.state, NOW) is None


def test_the_values_sent_to_the_provider_do_not_reveal_the_verifier() -> None:
    attempt, _ = Attempts(["own"]).begin(NOW)
    told = {attempt.state, attempt.nonce, attempt.challenge}
    assert len(told | {attempt.verifier, attempt.secret}) == 5
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert base64.urlsafe_b64decode(f"{attempt.challenge}=") == digest
    assert 43 <= len(attempt.verifier) <= 128  # RFC 7636, section 4.1
    assert attempt.secret not in repr(attempt)


def test_every_sign_in_has_a_state_of_its_own() -> None:
    attempts = Attempts(["own"])
    assert len({attempts.begin(NOW)[0].state for _ in range(100)}) == 100
