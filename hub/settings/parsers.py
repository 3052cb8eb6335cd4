"""What a setting may be: parsers that turn text or a TOML value into a typed value.

Guarantees: a parser describes itself, so that bounds are written once; it accepts its own results
as well; a refused value raises ValueError, and only the text of a `NotAccepted` may be shown, since
it holds no part of the value. Must not know: any setting.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable
from enum import Enum
from pathlib import Path
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from hub.settings.redaction import Secret, redact_url
from persistence.bus.redis_url import SCHEMES, parse_url

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

MIN_SECRET_CHARS: Final = 16

_S3: Final = "s3://"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX: Final = re.compile(r"([\w.-]+/)*", re.ASCII)
_UNIX: Final = "unix:"
_UNIX_PEER: Final = "unix"
_OWN_DATABASE: Final = "postgres"
_MAX_PORT: Final = 65_535
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104  no address that others can use
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_YES: Final = frozenset({"yes", "true", "on", "1"})
_NO: Final = frozenset({"no", "false", "off", "0"})
_HOST: Final = r"(\[[\da-fA-F:.%]+\]|[^\[\]:,]*)(:\d+)?"
_URL_PATH: Final = re.compile(r"/([\w.~-]+/)*", re.ASCII)
_HOST_NAME: Final = re.compile(r"\*|\.?[A-Za-z\d_-]{1,63}(\.[A-Za-z\d_-]{1,63})*", re.ASCII)
_NODE_NAME: Final = re.compile(r"[a-z\d][a-z\d-]{0,31}", re.ASCII)
_HOSTS: Final = re.compile(rf"{_HOST}(,{_HOST})*")


class NotAccepted(ValueError):
    """Why a value is refused, in words that may be shown."""


@frozen
class Place:
    """Where to listen: a host and a port; with `unix:/path` the port means nothing."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.host if self.host.startswith(_UNIX) else f"{host}:{self.port}"


@frozen
class Bucket:
    """A bucket of an S3 server, and what the names of all its files begin with: "" or `a/b/`."""

    name: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{_S3}{self.name}/{self.prefix}".rstrip("/")


@frozen
class Parser(Generic[T]):
    """How a kind of value is read.

    Args:
        parse: text, TOML value or result -> result; raises ValueError.
        kind: the kind of value, for people: "whole number".
        accepts: the accepted ones: "0 to 65535".
        unit: what a number counts, or "".
        is_secret: whether a value that is refused must not be shown.
        is_list: whether it reads several values.
    """

    parse: Callable[[object], T]
    kind: str
    accepts: str
    unit: str = ""
    is_secret: bool = False
    is_list: bool = False


def whole(low: int, high: int, unit: str = "") -> Parser[int]:
    """Whole numbers from `low` to `high`."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise NotAccepted
        number = int(value)
        if not low <= number <= high:
            raise NotAccepted
        return number

    return Parser(parse, "whole number", f"{low} to {high}", unit)


def seconds(low: float, high: float) -> Parser[float]:
    """Durations from `low` to `high` seconds."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise NotAccepted
        number = float(value)
        if not low <= number <= high:  # refuses NaN as well
            raise NotAccepted
        return number

    return Parser(parse, "number", f"{low:g} to {high:g}", "seconds")


def choice(options: type[E]) -> Parser[E]:
    """One member of an enumeration, by its value."""
    words = [member.value for member in options]
    return Parser(options, "choice", ", ".join(words))


def one_of(words: Collection[str]) -> Parser[str]:
    """One of some words."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise NotAccepted
        return value

    return Parser(parse, "choice", ", ".join(words))


def _yes_no(value: object) -> bool:
    word = str(value).lower() if isinstance(value, bool | int | str) else ""
    if word not in _YES | _NO:
        raise NotAccepted
    return word in _YES


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise NotAccepted
    return value


def _host(value: object) -> str:
    given = _text(value)
    if given.startswith(_UNIX):
        if not given.startswith(f"{_UNIX}/") or "\0" in given:
            raise NotAccepted("the path of a socket begins with /")
        return given
    if re.search(r"[\s/@?#=]", given):
        raise NotAccepted
    return given


def _place(value: object) -> Place:
    if isinstance(value, Place):
        return value
    given = _text(value)
    if given.startswith(_UNIX):
        return Place(_host(given))
    host, _, port = given.rpartition(":")
    number = int(port)
    if not host or not port.isascii() or not 0 <= number <= _MAX_PORT:
        raise NotAccepted
    if host.startswith("[") and host.endswith("]"):
        return Place(str(ipaddress.IPv6Address(host[1:-1])), number)
    if ":" in host:
        raise NotAccepted("an IPv6 address stands in brackets")
    return Place(_host(host), number)


def _own_place(value: object) -> Place:
    place = _place(value)
    if place.host in _EVERYWHERE:
        raise NotAccepted("other nodes reach no such address")
    return place


def _host_name(value: object) -> str:
    given = _text(value)
    if _HOST_NAME.fullmatch(given) is None:
        raise NotAccepted
    return given


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    given = _text(value)
    if "://" in given:
        raise NotAccepted("a URL is no path")
    return Path(given)


def _file_place(value: object) -> "Path | Bucket":
    if isinstance(value, Bucket):
        return value
    if not isinstance(value, str) or not value.startswith(_S3):
        return _path(value)
    name, _, rest = value.removeprefix(_S3).partition("/")
    prefix = f"{rest.strip('/')}/" if rest.strip("/") else ""
    if _BUCKET.fullmatch(name) is None:
        raise NotAccepted("a bucket's name has small letters, digits, dots and hyphens")
    if _PREFIX.fullmatch(prefix) is None or {".", ".."} & set(prefix.split("/")):
        raise NotAccepted("a prefix has letters, digits and ._- between slashes")
    return Bucket(name, prefix)


def _file(value: object) -> Path:
    found = _path(value)
    if not found.is_file():
        raise NotAccepted("no such file")
    return found


def _url(value: object, schemes: Collection[str]) -> Secret:
    """A URL that every library parses in the same way.

    Special characters in a password must be percent-encoded: otherwise one library reads a part of
    the password as the host, and shows it in its error.
    """
    given = value.reveal() if isinstance(value, Secret) else _text(value)
    parts = urlsplit(given)
    if parts.scheme not in schemes:
        raise NotAccepted
    hosts = parts.netloc.rpartition("@")[2]
    is_clear = given.count("@") == parts.netloc.count("@") <= 1 and not re.search(r"[#\s]", given)
    if not is_clear or _HOSTS.fullmatch(hosts) is None:
        raise NotAccepted("special characters in a URL must be percent-encoded, such as %40 for @")
    return Secret(given, redact_url(given))


def _postgres_url(value: object) -> Secret:
    url = _url(value, ("postgres", "postgresql"))
    parts = urlsplit(url.reveal())
    parameters = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    hosts = parts.netloc.rpartition("@")[2]
    ports = re.findall(r":(\d+)(?=,|$)", hosts)
    for text in parameters.get("port", ()):
        if not re.fullmatch(r"\d+(,\d+)*", text):
            raise NotAccepted
        ports += text.split(",")
    if not all(0 < int(port) <= _MAX_PORT for port in ports):
        raise NotAccepted(f"a port is a number from 1 to {_MAX_PORT}")
    return url


def _bus(value: object) -> Secret:
    given = value.reveal() if isinstance(value, Secret) else value
    if given == _OWN_DATABASE:
        return Secret(_OWN_DATABASE, _OWN_DATABASE)
    url = _url(value, SCHEMES)
    try:
        parse_url(url.reveal())
    except ValueError as error:
        raise NotAccepted(str(error)) from None
    return url


def _node_name(value: object) -> str:
    if not isinstance(value, str) or not _NODE_NAME.fullmatch(value):
        raise NotAccepted
    return value


def _http_url(value: object) -> Secret:
    url = _url(value, ("http", "https"))
    parts = urlsplit(url.reveal())
    if not parts.hostname or parts.port == 0:
        raise NotAccepted
    return url


def _secret(value: object, *, least: int = 1) -> Secret:
    given = value.reveal() if isinstance(value, Secret) else _text(value)
    if len(given) < least:
        raise NotAccepted
    return Secret(given)


def _long_secret(value: object) -> Secret:
    return _secret(value, least=MIN_SECRET_CHARS)


def _origin(value: object) -> str:
    given = _text(value)
    parts = urlsplit(given)
    is_origin = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    if not is_origin or given != f"{parts.scheme}://{parts.netloc}" or parts.username is not None:
        raise NotAccepted
    return given


def _public_url(value: object) -> str:
    given = _text(value)
    parts = urlsplit(given)
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    if given != f"{_origin(f'{parts.scheme}://{parts.netloc}')}{parts.path}":
        raise NotAccepted
    if _URL_PATH.fullmatch(path) is None:
        raise NotAccepted("its path has letters, digits and -._~ between slashes")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _issuer(value: object) -> str:
    """Accepts plain HTTP only on this machine, where nothing is changed in transit."""
    given = _text(value)
    parts = urlsplit(given)
    if given != f"{_origin(f'{parts.scheme}://{parts.netloc}')}{parts.path}":
        raise NotAccepted
    if re.search(r"\s", given) or (parts.scheme == "http" and parts.hostname not in _THIS_MACHINE):
        raise NotAccepted
    return given


def _table(value: object) -> str:
    given = _text(value)
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", given, re.ASCII) is None:
        raise NotAccepted
    return given


def _address(value: object) -> str:
    given = _text(value)
    if given == _UNIX_PEER:
        return given
    address = ipaddress.ip_address(given)
    return str(getattr(address, "ipv4_mapped", None) or address)


YES_NO: Final = Parser(_yes_no, "yes or no", "yes, no (also true, false, on, off, 1, 0)")
TEXT: Final = Parser(_text, "text", "any text")
HOST: Final = Parser(_host, "text", "an address, a host name, or `unix:/path/of/a/socket`")
PLACE: Final = Parser(
    _place, "text", "`address:port`, `name:port`, `[IPv6 address]:port` or `unix:/path/of/a/socket`"
)
HOST_NAME: Final = Parser(
    _host_name, "host name", "a name, `.example.org` for that and all names in it, or `*` for any"
)
FOLDER: Final = Parser(_path, "path", "a folder, which is made if missing")
FILE_PLACE: Final = Parser(
    _file_place, "path or URL", "a folder that exists, or `s3://bucket` or `s3://bucket/prefix`"
)
FILE: Final = Parser(_file, "path", "a file that exists")
TABLE: Final = Parser(_table, "text", "`name` or `schema.name`")
ORIGIN: Final = Parser(_origin, "URL", "`https://host` or `https://host:port`, no path")
ISSUER: Final = Parser(_issuer, "URL", "`https://host` or `https://host/path`")
PUBLIC_URL: Final = Parser(_public_url, "URL", "`https://host/` or `https://host/path/`")
ADDRESS: Final = Parser(_address, "text", "an IP address, or `unix` for a proxy on a Unix socket")
POSTGRES_URL: Final = Parser(_postgres_url, "URL", "`postgresql://...`", is_secret=True)
BUS: Final = Parser(_bus, "bus", "`postgres`, or `redis://...`", is_secret=True)
NODE_ADDRESS: Final = Parser(
    _own_place, "place", "`host:port`, port 0 for any that is free, or `unix:/path`"
)
NODE_NAME: Final = Parser(_node_name, "name", "1 to 32 of a-z, 0-9 and -, no - at its beginning")
HTTP_URL: Final = Parser(_http_url, "URL", "`http://...` or `https://...`", is_secret=True)
SECRET: Final = Parser(_secret, "secret", "any text", is_secret=True)
LONG_SECRET: Final = Parser(
    _long_secret, "secret", f"at least {MIN_SECRET_CHARS} characters", is_secret=True
)


def list_of(item: Parser[T]) -> Parser[tuple[T, ...]]:
    """Several values, or one text of them with commas between."""

    def parse(value: object) -> tuple[T, ...]:
        items: Iterable[object]
        if isinstance(value, str):
            items = (each.strip() for each in value.split(",") if each.strip())
        elif isinstance(value, list | tuple):
            items = value
        else:
            raise NotAccepted
        parsed: list[T] = []
        for number, each in enumerate(items, 1):
            try:
                parsed.append(item.parse(each))
            except ValueError:
                raise NotAccepted(f"number {number} of the list") from None
        return tuple(parsed)

    return Parser(
        parse,
        f"list of {item.kind}s",
        f"a list; each item: {item.accepts}",
        is_secret=item.is_secret,
        is_list=True,
    )
