"""Preconditions and ranges: whether a client has a response already, and which part it wants.

Guarantees: the preconditions of RFC 9110 section 13 are evaluated in its order, with weak
comparison for If-None-Match and strong comparison for If-Match and If-Range; a Range that is
malformed, of another unit or no longer fits its If-Range is ignored, as section 14 demands. Must
not know: what is served.
"""

import re
from email.utils import parsedate
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse

from hub.http.responses import HttpError

_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_RANGES: Final = re.compile(r"bytes=\s*(.+)", re.IGNORECASE)
_RANGE: Final = re.compile(r"(\d{1,18})-(\d{0,18})|-(\d{1,18})")


def unless_known(request: Request, response: Response) -> Response:
    """`response`, or 304 when the client has it.

    Args:
        request: a GET or HEAD.
        response: of status 200, with ETag or Last-Modified.

    Raises:
        HttpError: 412 when it is not what the client asks for.
    """
    if not _still_fits(request.headers, response.headers):
        raise HttpError(412, "precondition_failed", "This is not the version that was asked for")
    if _is_known(request.headers, response.headers):
        return NotModifiedResponse(response.headers)
    return response


def wanted_ranges(request: Request, response: Response, size: int) -> str | None:
    """The Range header with what can be satisfied of it; None: the whole is wanted.

    Args:
        request: a request of any method; only a GET has ranges.
        response: to a request without a range, with ETag or Last-Modified.
        size: how many bytes there are.

    Raises:
        HttpError: 416 when nothing of it can be satisfied.
    """
    given = _RANGES.fullmatch(request.headers.get("range", ""))
    validators = (response.headers.get("etag"), response.headers.get("last-modified"))
    if request.method != "GET" or given is None:
        return None
    if request.headers.get("if-range", validators[0]) not in validators:
        return None
    parts = [part.strip() for part in given[1].split(",")]
    found = [_RANGE.fullmatch(part) for part in parts]
    if not all(each is not None and _is_ordered(each) for each in found):
        return None
    satisfiable = [part for part in parts if _starts_before(size, part)]
    if not satisfiable:
        text = f"There are {size} bytes, and none of them were asked for"
        headers = {"Content-Range": f"bytes */{size}"}
        raise HttpError(416, "range_not_satisfiable", text, headers)
    return f"bytes={','.join(satisfiable)}"


def _still_fits(asked: Headers, current: Headers) -> bool:
    """If-Match, or without it If-Unmodified-Since."""
    if "if-match" in asked:
        strong = current.get("etag", "W/").startswith('"')
        tags = _tags(asked, "if-match")
        return tags is None or (strong and current["etag"] in tags)
    changed = _date(current, "last-modified")
    since = _date(asked, "if-unmodified-since")
    return changed is None or since is None or changed <= since


def _is_known(asked: Headers, current: Headers) -> bool:
    """If-None-Match, or without it If-Modified-Since."""
    if "if-none-match" in asked:
        tags = _tags(asked, "if-none-match")
        return tags is None or _weak(current.get("etag", "")) in map(_weak, tags)
    changed = _date(current, "last-modified")
    since = _date(asked, "if-modified-since")
    return changed is not None and since is not None and changed <= since


def _tags(asked: Headers, name: str) -> list[str] | None:
    """The entity tags of all headers of that name; None: any, `*`."""
    value = ",".join(asked.getlist(name)).strip()
    return None if value == "*" else _TAG.findall(value)


def _weak(tag: str) -> str:
    return tag.removeprefix("W/")


def _date(headers: Headers, name: str) -> tuple[int, ...] | None:
    """Year to second; None when there is no date, or none that can be read."""
    parsed = parsedate(headers.get(name, ""))
    return None if parsed is None else parsed[:6]


def _is_ordered(spec: "re.Match[str]") -> bool:
    first, last, _ = spec.groups()
    return not first or not last or int(first) <= int(last)


def _starts_before(size: int, spec: str) -> bool:
    """Whether a range has a byte among the first `size`."""
    first, _, last = spec.partition("-")
    return int(first) < size if first else int(last) > 0 and size > 0
