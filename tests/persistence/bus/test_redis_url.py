"""Parsing the URL of a Redis, and refusing others."""

import pytest

from persistence.bus.redis_url import Login, RedisUrl, Tls, parse_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", RedisUrl([("h", 6379)])),
        ("redis://u:p%40%3A@[::1]:1/7", RedisUrl([("::1", 1)], None, 7, Login("u", "p@:"))),
        (
            "redis+sentinel://:p@a,b:5/main?sentinel_password=q&sentinel_username=s",
            RedisUrl([("a", 26379), ("b", 5)], "main", 0, Login(None, "p"), Login("s", "q")),
        ),
        ("redis+sentinel://a/ma%2Fin/3", RedisUrl([("a", 26379)], "ma/in", 3)),
        ("rediss://h", RedisUrl([("h", 6379)], tls=Tls())),
        ("rediss://h?ca_certs=ca.pem", RedisUrl([("h", 6379)], tls=Tls("ca.pem"))),
    ],
)
def test_a_url_has_the_servers_and_the_login(url: str, expected: RedisUrl) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://u:secret@h", "scheme or an option"),
        ("redis://u:secret@h?ssl_cert_reqs=none", "scheme or an option"),
        ("redis://u:secret@h?ca_certs=ca.pem", "scheme or an option"),
        ("redis://u:secret@h?sentinel_username=s", "scheme or an option"),
        ("redis://u:secret@", "has a host"),
        ("redis://", "has a host"),
        ("redis://u:secret@a,b", "several are Sentinels"),
        ("redis://u:secret@h/main", "number of a database"),
        ("redis://u:secret@h/1/2", "number of a database"),
        ("redis://u:secret@h/\u0663", "number of a database"),
        ("redis://u:secret@h:port", "port"),
        ("redis://u:secret@h:70000", "port"),
        ("redis://u:secret@h:0", "port"),
        ("redis+sentinel://u:secret@h", "name of the primary"),
    ],
)
def test_another_form_is_refused_without_repeating_secrets(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        parse_url(url)
    assert "secret" not in str(refused.value)


def test_a_password_is_in_no_repr() -> None:
    url = "redis+sentinel://u:secret@h/main?sentinel_password=secret"
    assert "secret" not in repr(parse_url(url))
