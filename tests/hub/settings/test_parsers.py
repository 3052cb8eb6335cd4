"""What each kind of setting accepts."""

from pathlib import Path
from typing import Any

import pytest

from hub.settings import parsers
from hub.settings.choices import LogLevel
from hub.settings.parsers import Parser, Place, choice, list_of, seconds, whole
from hub.settings.redaction import Secret

PORT, GRACE, LEVEL = whole(0, 65_535), seconds(0, 300), choice(LogLevel)
ORIGINS = list_of(parsers.ORIGIN)


@pytest.mark.parametrize(
    ("parser", "value", "result"),
    [
        (PORT, "8000", 8_000),
        (PORT, 0, 0),
        (PORT, 65_535, 65_535),
        (GRACE, "1.5", 1.5),
        (GRACE, 300, 300.0),
        (LEVEL, "error", LogLevel.ERROR),
        (parsers.YES_NO, "TRUE", True),
        (parsers.YES_NO, 0, False),
        (parsers.HOST, "::1", "::1"),
        (parsers.HOST, "chat.example", "chat.example"),
        (parsers.HOST, "unix:/run/hub.sock", "unix:/run/hub.sock"),
        (parsers.PLACE, "127.0.0.1:9108", Place("127.0.0.1", 9_108)),
        (parsers.PLACE, "metrics.internal:0", Place("metrics.internal", 0)),
        (parsers.PLACE, "[::1]:9108", Place("::1", 9_108)),
        (parsers.PLACE, "unix:/run/hub.sock", Place("unix:/run/hub.sock")),
        (parsers.FOLDER, "a/b", Path("a/b")),
        (parsers.TABLE, "auth.session", "auth.session"),
        (parsers.ORIGIN, "https://a.example:8443", "https://a.example:8443"),
        (parsers.PUBLIC_URL, "https://a.example", "https://a.example/"),
        (parsers.PUBLIC_URL, "http://a.example:81/chat", "http://a.example:81/chat/"),
        (parsers.PUBLIC_URL, "https://a.example/a-b/c.d_e~/", "https://a.example/a-b/c.d_e~/"),
        (parsers.ISSUER, "https://a.example", "https://a.example"),
        (parsers.ISSUER, "https://a.example:81/realms/x/", "https://a.example:81/realms/x/"),
        (parsers.ISSUER, "http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        (parsers.ISSUER, "http://[::1]:9000", "http://[::1]:9000"),
        (
            ORIGINS,
            " https://a.example,,http://b.example ",
            ("https://a.example", "http://b.example"),
        ),
        (ORIGINS, ["https://a.example"], ("https://a.example",)),
        (ORIGINS, "", ()),
        (parsers.ADDRESS, "2001:db8:0::1", "2001:db8::1"),
        (parsers.ADDRESS, "::ffff:10.0.0.1", "10.0.0.1"),
        (parsers.ADDRESS, "unix", "unix"),
        (parsers.SECRET, "x", Secret("x")),
        (parsers.LONG_SECRET, "x" * 16, Secret("x" * 16)),
    ],
)
def test_accepted_values_are_parsed(parser: Parser[Any], value: object, result: object) -> None:
    parsed = parser.parse(value)
    assert parsed == result
    assert parser.parse(parsed) == result  # it takes its own results


@pytest.mark.parametrize(
    "text", ["127.0.0.1:9108", "[::1]:9108", "chat.example:1", "unix:/run/hub.sock"]
)
def test_a_place_is_shown_as_it_is_given(text: str) -> None:
    assert str(parsers.PLACE.parse(text)) == text


@pytest.mark.parametrize(
    ("parser", "values"),
    [
        (PORT, ["65536", "-1", "eighty", "1.5", 1.5, True, None, [1], ""]),
        (GRACE, ["nan", "-1", "300.1", "inf", True, None]),
        (LEVEL, ["loud", "ERROR", 1, None, []]),
        (parsers.YES_NO, ["maybe", "", 2, 1.0, None, []]),
        (parsers.HOST, ["", " ", "a b", "a@b", "http://a", "host=a", "unix:a", 1, None]),
        (
            parsers.PLACE,
            ["", "9108", ":9108", "a:", "a:x", "a:-1", "a:65536", "::1:9108", "[a]:1", "unix:a", 1],
        ),
        (parsers.FOLDER, ["", 1, "postgresql://me:hunter2@db/x"]),
        (parsers.FILE, ["/no/such/file.pem", "/", ""]),
        (parsers.TABLE, ["", "a.b.c", "a; drop table b", 'a"', "1a", "é"]),
        (
            parsers.ORIGIN,
            [
                "https://a.example/path",
                "https://a.example:99999",
                "https://a.example:0",
                "https://me:pw@a.example",
                "app.example",
                "ftp://a.example",
            ],
        ),
        (
            parsers.PUBLIC_URL,
            [
                "a.example/chat",
                "ftp://a.example/",
                "https://me:pw@a.example/",
                "https://a.example/?x",
                "https://a.example/#x",
                "https://a.example/a b/",
                "https://a.example/a;b/",
                "https://a.example/%2e/",
                "https://a.example//",
                "https://a.example:0/",
                "/chat/",
                "",
                1,
            ],
        ),
        (
            parsers.ISSUER,
            [
                "http://a.example",
                "http://127.0.0.2",
                "http://localhost.a.example",
                "https://a.example/?x",
                "https://a.example/#x",
                "https://a.example/a b",
                "https://me:pw@a.example/",
                "a.example",
                "",
                None,
            ],
        ),
        (ORIGINS, [["https://a.example", 1], "https://a.example, app.example", 1, {}]),
        (parsers.ADDRESS, ["proxy.example", "1.2.3", "", None]),
        (parsers.SECRET, ["", "  ", 1, None]),
        (parsers.LONG_SECRET, ["x" * 15, None]),
    ],
)
def test_other_values_are_refused(parser: Parser[Any], values: list[object]) -> None:
    for value in values:
        with pytest.raises(ValueError):  # noqa: PT011  its text is not for people
            parser.parse(value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://db.example/parlour", "postgresql://db.example/parlour"),
        ("postgres:///parlour?host=/var/run", "postgres:///parlour?host=/var/run"),
        ("postgresql://me:hunter2@db.example:5432/x", "postgresql://***@db.example:5432/x"),
        ("postgresql://me:hunt%40er2@[::1]:5432/x", "postgresql://***@[::1]:5432/x"),
        ("postgresql://me:hun:ter2@a:1,b:2/x", "postgresql://***@a:1,b:2/x"),
        ("postgresql://hunter2@db/x", "postgresql://***@db/x"),
        ("postgresql://db/x?password=hunter2", "postgresql://db/x?password=***"),
        ("postgresql://db/x?pass%77ord=hunter2", "postgresql://db/x?pass%77ord=***"),
        ("postgresql://db/x?sslmode=require&SSLPassword=hunter2",
         "postgresql://db/x?sslmode=require&SSLPassword=***"),
    ],
)  # fmt: skip
def test_a_postgres_url_shows_no_password(url: str, shown: str) -> None:
    parsed = parsers.POSTGRES_URL.parse(url)
    assert (parsed.reveal(), str(parsed), repr(parsed)) == (url, shown, shown)
    assert parsers.POSTGRES_URL.parse(parsed) == parsed


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@db/x",
        "postgresql://me:hunter2@[db/x",
        "postgresql://me:hunter2@db:port/x",
        "postgresql://me:hunter2@db:99999/x",
        "postgresql://me:hunter2@db:0/x",
        "postgresql://me:hunter2@db:1,other:65536/x",
        "postgresql://me:hunter2@/x?host=db&port=99999",
        "postgresql://me:pa@hunter2@db/x",
        "postgresql://me:1/hunter2@db/x",  # "1" would be a port
        "postgresql://me:hunter2/@db/x",
        "postgresql://me:hunter2?@db/x",
        "postgresql://me:hunter2#@db/x",
        "postgresql://me:hunter 2@db/x",
        "postgresql://db/x?hunter2",
        "postgresql://db/x?port=hunter2",
        "host=db user=me password=hunter2",
        "hunter2",
        "",
    ],
)
def test_a_url_that_libraries_would_parse_in_different_ways_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  its text is what is looked at
        parsers.POSTGRES_URL.parse(url)
    if isinstance(caught.value, parsers.NotAccepted):
        assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1"),
        ("https://hunter2@llm.example/v1", "https://***@llm.example/v1"),
        ("https://llm.example/v1?api_key=hunter2&v=1", "https://llm.example/v1?api_key=***&v=***"),
    ],
)
def test_an_http_url_shows_no_password(url: str, shown: str) -> None:
    parsed = parsers.HTTP_URL.parse(url)
    assert (parsed.reveal(), str(parsed)) == (url, shown)


@pytest.mark.parametrize("url", ["llm.example", "ftp://llm.example", "https://", "http://a:0", 1])
def test_an_invalid_http_url_is_refused(url: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its text is not for people
        parsers.HTTP_URL.parse(url)


def test_a_refused_item_of_a_list_is_named_by_its_number() -> None:
    with pytest.raises(parsers.NotAccepted, match="number 2 of the list"):
        ORIGINS.parse("https://a.example, app.example")
