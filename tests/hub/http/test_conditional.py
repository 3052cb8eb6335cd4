"""Preconditions and ranges, header by header (RFC 9110 sections 13 and 14)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from hub.http.conditional import unless_known, wanted_ranges
from hub.http.responses import HttpError

TAG = '"v1"'
CHANGED = "Thu, 26 Nov 2026 12:00:00 GMT"
EARLIER = "Thu, 26 Nov 2026 11:59:59 GMT"
LATER = "Thu, 26 Nov 2026 12:00:01 GMT"
RFC_850 = "Thursday, 26-Nov-26 12:00:00 GMT"
ASCTIME = "Thu Nov 26 12:00:00 2026"
SIZE = 100


def request(*headers: tuple[str, str], method: str = "GET") -> Request:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "method": method, "headers": raw})


def current(tag: str = TAG) -> Response:
    headers = {"ETag": tag, "Last-Modified": CHANGED, "Cache-Control": "private", "X-Other": "x"}
    return Response(b"x" * SIZE, headers=headers)


def status(*headers: tuple[str, str], tag: str = TAG, method: str = "GET") -> int:
    try:
        return unless_known(request(*headers, method=method), current(tag)).status_code
    except HttpError as error:
        return error.status


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (TAG, 304),
        (f"W/{TAG}", 304),
        (f'"a", {TAG}', 304),
        (f'"a",W/{TAG},"b"', 304),
        (f'"a" , , {TAG}', 304),
        ("*", 304),
        (" * ", 304),
        ('"v2"', 200),
        ('"a,b", "c"', 200),
        ("v1", 200),
        (f'"x{TAG[1:]}', 200),
        ("", 200),
        ('"*"', 200),
    ],
)
def test_if_none_match_is_compared_weakly(value: str, expected: int) -> None:
    assert status(("If-None-Match", value)) == expected
    assert status(("If-None-Match", value), method="HEAD") == expected


def test_a_tag_may_hold_a_comma() -> None:
    assert status(("If-None-Match", '"a", "v,1"'), tag='"v,1"') == 304


def test_a_weak_tag_of_the_hub_matches_if_none_match_and_not_if_match() -> None:
    assert status(("If-None-Match", TAG), tag=f"W/{TAG}") == 304
    assert status(("If-Match", f"W/{TAG}"), tag=f"W/{TAG}") == 412


def test_several_headers_are_one_list() -> None:
    assert status(("If-None-Match", '"a"'), ("If-None-Match", TAG)) == 304


@pytest.mark.parametrize(
    ("value", "expected"),
    [(TAG, 200), (f'"a", {TAG}', 200), ("*", 200), (f"W/{TAG}", 412), ('"v2"', 412), ("", 412)],
)
def test_if_match_is_compared_strongly(value: str, expected: int) -> None:
    assert status(("If-Match", value)) == expected


@pytest.mark.parametrize(
    ("date", "modified", "unmodified"),
    [
        (CHANGED, 304, 200),
        (RFC_850, 304, 200),
        (ASCTIME, 304, 200),
        (LATER, 304, 200),
        (EARLIER, 200, 412),
        ("yesterday", 200, 200),
        ("", 200, 200),
    ],
)
def test_dates_are_compared_in_every_format(date: str, modified: int, unmodified: int) -> None:
    assert status(("If-Modified-Since", date)) == modified
    assert status(("If-Unmodified-Since", date)) == unmodified


def test_a_tag_wins_over_a_date_and_a_refusal_over_304() -> None:
    assert status(("If-None-Match", '"v2"'), ("If-Modified-Since", LATER)) == 200
    assert status(("If-Match", TAG), ("If-Unmodified-Since", EARLIER)) == 200
    assert status(("If-Match", '"v2"'), ("If-None-Match", TAG)) == 412


def test_a_304_has_the_caching_headers_of_a_200_and_none_of_its_content() -> None:
    answer = unless_known(request(("If-None-Match", TAG)), current())
    assert answer.body == b""
    assert dict(answer.headers) == {"etag": TAG, "cache-control": "private"}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("bytes=0-9", "bytes=0-9"),
        ("Bytes=0-9", "bytes=0-9"),
        ("bytes=90-", "bytes=90-"),
        ("bytes=-10", "bytes=-10"),
        ("bytes=0-0, -1", "bytes=0-0,-1"),
        ("bytes=99-5000", "bytes=99-5000"),
        ("bytes=-5000", "bytes=-5000"),
        ("bytes=0-9, 200-", "bytes=0-9"),
        ("bytes=9-0", None),
        ("bytes=0-9, 9-0", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-9,", None),
        ("bytes=+1-2", None),
        ("bytes=1_0-20", None),
        ("bytes=\xb2-3", None),
        ("bytes=" + "9" * 5_000 + "-", None),
        ("bytes 0-9", None),
        ("lines=0-9", None),
        ("", None),
    ],
)
def test_satisfiable_ranges_are_used_and_malformed_ones_are_ignored(
    value: str, wanted: str | None
) -> None:
    assert wanted_ranges(request(("Range", value)), current(), SIZE) == wanted


@pytest.mark.parametrize("value", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=500-, -0"])
def test_a_range_beyond_the_end_is_416_with_the_size(value: str) -> None:
    with pytest.raises(HttpError) as refused:
        wanted_ranges(request(("Range", value)), current(), SIZE)
    assert (refused.value.status, refused.value.code) == (416, "range_not_satisfiable")
    assert refused.value.headers == {"Content-Range": "bytes */100"}


@pytest.mark.parametrize(
    ("value", "is_wanted"),
    [(TAG, True), (CHANGED, True), (f"W/{TAG}", False), ('"v2"', False), (LATER, False)],
)
def test_a_range_of_another_version_is_ignored(value: str, is_wanted: bool) -> None:
    asked = request(("Range", "bytes=0-9"), ("If-Range", value))
    assert (wanted_ranges(asked, current(), SIZE) is not None) == is_wanted
    if not is_wanted:
        asked = request(("Range", "bytes=500-"), ("If-Range", value))
        assert wanted_ranges(asked, current(), SIZE) is None


def test_only_a_get_has_ranges() -> None:
    asked = request(("Range", "bytes=0-9"), method="HEAD")
    assert wanted_ranges(asked, current(), SIZE) is None


NAMES = (
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Range",
)
PIECES = (TAG, "W/", "*", ",", '"', "bytes=", "0-9", "-", "-0", "99", CHANGED, "GMT", " ", "\xff")


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(PIECES)).map("".join)),
    st.sampled_from(("GET", "HEAD")),
)
def test_every_combination_of_headers_gets_a_valid_status(
    headers: dict[str, str], method: str
) -> None:
    assert status(*headers.items(), method=method) in (200, 304, 412)
    with suppress(HttpError):  # 416
        wanted_ranges(request(*headers.items(), method=method), current(), SIZE)
