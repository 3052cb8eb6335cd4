"""The new accounts of users who sign in with a provider."""

from typing import Any, Final

import pytest

from hub.identity.oidc.newcomer import newcomer
from hub.identity.passwords import NO_PASSWORD
from persistence.interface import Identity
from tests.support.oidc.provider import ANN

IDENTITY: Final = Identity("https://id.example.org", "1")


def test_a_new_account_has_the_names_and_the_email_of_its_claims() -> None:
    new = newcomer(IDENTITY, ANN)
    assert (new.called, new.username, new.name) == ("ann", None, "Ann Lee")
    assert (new.first_name, new.last_name, new.email) == ("Ann", "Lee", "ann@example.org")
    assert (new.identity, new.password_hash) == (IDENTITY, NO_PASSWORD)


@pytest.mark.parametrize("is_verified", [False, None, "true", "yes", 1, [True]])
def test_an_address_that_is_not_verified_is_not_used(is_verified: object) -> None:
    assert newcomer(IDENTITY, {**ANN, "email_verified": is_verified}).email is None


@pytest.mark.parametrize("email", ["ann", "a b@example.org", "", 7, None, "a@" + "x" * 300])
def test_a_malformed_address_is_not_used(email: object) -> None:
    assert newcomer(IDENTITY, {**ANN, "email": email}).email is None


@pytest.mark.parametrize(
    ("claims", "called"),
    [
        ({"preferred_username": "ann"}, "ann"),
        ({"preferred_username": "ann@corp.example.org"}, "ann"),
        ({"email": "lee@example.org"}, "lee"),
        ({"name": "Ann Lee"}, "Ann Lee"),
        ({"preferred_username": "аnn", "email": "lee@example.org"}, "lee"),  # noqa: RUF001  Cyrillic
        ({"preferred_username": "an\u202en", "name": "Ann"}, "Ann"),
        ({"preferred_username": "a\x00nn", "name": "Ann"}, "Ann"),
        ({"preferred_username": "ﬁn", "name": "Ann"}, "Ann"),
        ({"preferred_username": 7, "name": ["x"]}, "user"),
        ({"preferred_username": "   "}, "user"),
        ({}, "user"),
        ({"name": "x" * 90}, "x" * 60),
    ],
)
def test_a_username_follows_the_rules_for_usernames(claims: dict[str, Any], called: str) -> None:
    assert newcomer(IDENTITY, claims).called == called


@pytest.mark.parametrize("name", ["", "\u202eeeL", "\u2800", "x" * 101, 7, None, "a\ud800"])
def test_a_name_that_cannot_be_shown_is_replaced_by_the_username(name: object) -> None:
    new = newcomer(IDENTITY, {**ANN, "name": name, "given_name": name, "family_name": name})
    assert (new.name, new.first_name, new.last_name) == ("ann", "", "")
