"""Secrets stay out of all output."""

import logging
import traceback

import pytest
from attrs import asdict, frozen

from hub.settings.redaction import Secret, redact, redact_url, revealed


@frozen
class Holder:
    secret: Secret


def test_a_secret_is_shown_only_on_purpose() -> None:
    secret = Secret("hunter2")
    holder = Holder(secret)
    for text in (
        str(secret), repr(secret), f"{secret}", f"{secret!r:>30}", "secret: " + str([secret]),
        repr([secret]), repr(holder), repr(asdict(holder)), repr({secret: 1}),
    ):  # fmt: skip
        assert "hunter2" not in text
        assert "(set)" in text
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == revealed(secret) == "hunter2"
    assert revealed(None) is None


def test_a_traceback_that_shows_locals_shows_no_secret() -> None:
    def fail(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match="set") as caught:
        fail(Secret("hunter" + "2"))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "hunter2" not in "".join(shown.format())


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a", shown="b")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach postgresql://me:hunter2@db/x: refused",
         "cannot reach postgresql://***@db/x: refused"),
        ("https://hunter2@llm.example", "https://***@llm.example"),
        ("postgresql://me:hun@ter2/x@db/y", "postgresql://***@db/y"),
        ("postgresql://db/x?password=hunter2&sslpassword=hunter2&sslmode=require",
         "postgresql://db/x?password=***&sslpassword=***&sslmode=require"),
        ("GET https://h/v1?sig=hun(t,e)r2&api-version=1: 500",
         "GET https://h/v1?sig=***&api-version=1: 500"),
        ("('https://h/v1?hunter2', 'x')", "('https://h/v1?***', 'x')"),
        ("host=db password=hunter2 user=me", "host=db password=*** user=me"),
        ("host=db password = 'hunter 2' user=me", "host=db password = *** user=me"),
        ("jwt_secret='hunter2', port=1", "jwt_secret=***, port=1"),
        ("{'PASSWORD'='hunter2'}", "{'PASSWORD'=***}"),
        ("wrong password for ann@a.example", "wrong password for ann@a.example"),
        ("https://a.example/x and b@c.example", "https://a.example/x and b@c.example"),
    ],
)  # fmt: skip
def test_passwords_in_a_text_are_masked(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:hunter2@db:5432/x", "postgresql://***@db:5432/x"),
        ("https://hunter2@llm.example/v1", "https://***@llm.example/v1"),
        ("postgresql://db/x?user=me&password=hunter2", "postgresql://db/x?user=me&password=***"),
        ("https://llm.example/?api_key=hunter2&a=1", "https://llm.example/?api_key=***&a=***"),
        ("postgresql:///x?host=/run/pg", "postgresql:///x?host=/run/pg"),
        (
            "https://h/v1?pwd=a&sig=b&auth=c&code=1",
            "https://h/v1?pwd=***&sig=***&auth=***&code=***",
        ),
        (
            "https://h/v1?%70wd=hunter2;hunter2&host=a&hunter2",
            "https://h/v1?%70wd=***;***&host=a&***",
        ),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_a_secret_in_a_log_record_is_not_formatted() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "key %s", (Secret("hunter2"),), None)
    assert record.getMessage() == "key (set)"
