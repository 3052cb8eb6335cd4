"""Parses the URL of a Redis or Valkey server.

Guarantees: a URL of another form is refused, with an error text that holds no password. Must not
know: the library that connects, files.

The forms of a URL:

    redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]
    redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT],.../NAME[/DATABASE]

NAME is what the Sentinels call the primary; `rediss` instead of `redis` is over TLS, to the
Sentinels as well. The options after a question mark: `ca_certs` (a file, instead of the machine's
authorities), `certfile` and `keyfile` (the client's certificate, if the server asks for one),
`sentinel_username` and `sentinel_password`.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import field, frozen

REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379
SCHEMES: Final = ("redis", "rediss", "redis+sentinel", "rediss+sentinel")
_TLS_OPTIONS: Final = {"ca_certs", "certfile", "keyfile"}
_SENTINEL_OPTIONS: Final = {"sentinel_username", "sentinel_password"}


@frozen
class Login:
    """Credentials; both may be missing."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def without_secrets(self, text: str) -> str:
        """A text of the server, which may repeat the password, with the password masked."""
        return text.replace(self.password, "***") if self.password else text


@frozen
class Tls:
    """The files for TLS. None: the machine's authorities, and no certificate of the client."""

    ca_certs: str | None = None
    certfile: str | None = None
    keyfile: str | None = None


@frozen
class RedisUrl:
    """A parsed URL; see `persistence.bus.redis_server.RedisServer`. `tls`: None without TLS."""

    places: Sequence[tuple[str, int]]
    name: str | None = None
    database: int = 0
    login: Login = Login()
    sentinel_login: Login = Login()
    tls: Tls | None = None


def parse_url(url: str) -> RedisUrl:
    """Parse a URL.

    Raises:
        ValueError: the URL has none of the forms above; the text repeats neither user nor password.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    is_sentinel = parts.scheme.endswith("+sentinel")
    is_secure = parts.scheme.startswith("rediss")
    allowed = _TLS_OPTIONS if is_secure else set()
    if is_sentinel:
        allowed = allowed | _SENTINEL_OPTIONS
    if parts.scheme not in SCHEMES or options.keys() - allowed:
        raise ValueError("the URL of a Redis has a scheme or an option that is not documented")
    user, _, hosts = parts.netloc.rpartition("@")
    username, _, password = user.partition(":")
    path = [unquote(each) for each in parts.path.split("/")[1:] if each]
    name = path.pop(0) if is_sentinel and path else None
    if is_sentinel and name is None:
        raise ValueError("the URL of Sentinels ends with the name of the primary: .../NAME")
    if path[1:] or (path and not (path[0].isascii() and path[0].isdecimal())):
        raise ValueError("the URL of a Redis ends with the number of a database, or with nothing")
    places = list(_places(hosts, SENTINEL_PORT if is_sentinel else REDIS_PORT))
    if len(places) > 1 and not is_sentinel:
        raise ValueError("the URL of a Redis has one host; several are Sentinels")
    return RedisUrl(
        places,
        name,
        int(path[0]) if path else 0,
        Login(unquote(username) or None, unquote(password) or None),
        Login(options.get("sentinel_username"), options.get("sentinel_password")),
        Tls(**{each: options.get(each) for each in sorted(_TLS_OPTIONS)}) if is_secure else None,
    )


def _places(hosts: str, port: int) -> Iterator[tuple[str, int]]:
    for each in hosts.split(","):
        place = urlsplit(f"//{each}")
        if not place.hostname:
            raise ValueError("the URL of a Redis has a host")
        try:
            given = place.port
        except ValueError:
            given = 0
        if given == 0:
            raise ValueError("the port of a Redis is a number from 1 to 65535")
        yield place.hostname, given or port
