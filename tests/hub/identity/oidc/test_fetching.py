"""Requests to a provider that redirects, sends too much or nonsense, or has a wrong certificate."""

import gzip
import json
import ssl
from typing import Final

import pytest
import trustme

from hub.identity.oidc.fetching import MAX_BYTES, Fetching, NoAnswer
from tests.support.oidc.provider import Response, oidc_provider

PATH: Final = "/somewhere"
SMALL: Final = b'{"a": 1}'


async def test_a_document_is_fetched() -> None:
    async with oidc_provider() as provider:
        provider.instead[PATH] = Response(raw=SMALL)
        assert await Fetching().get(provider.url + PATH) == {"a": 1}
        (asked,) = provider.asked
        assert asked.headers["accept-encoding"] == "identity"


async def test_an_error_response_to_a_form_is_returned() -> None:
    async with oidc_provider() as provider:
        provider.instead[PATH] = Response(400, {"error": "invalid_grant"})
        answered = await Fetching().post(provider.url + PATH, {"code": "a b"}, {"X-Y": "z"})
        assert (answered.status, answered.content) == (400, {"error": "invalid_grant"})
        (asked,) = provider.asked
        assert (asked.form, asked.headers["x-y"]) == ({"code": "a b"}, "z")


@pytest.mark.parametrize(
    "response",
    [
        Response(500, {}),
        Response(404, {}),
        Response(204, raw=b""),
        Response(raw=b""),
        Response(raw=b"{nonsense"),
        Response(raw=b"[]"),
        Response(raw=b"[" * 100_000),
        Response(raw=gzip.compress(SMALL, mtime=0), headers={"Content-Encoding": "gzip"}),
        Response(raw=SMALL, headers={"Content-Encoding": "x"}),
        Response(raw=json.dumps({"a": "x" * MAX_BYTES}).encode()),
    ],
    ids=lambda response: f"{response.status} {response.body[:9]!r}",
)
async def test_a_response_that_is_no_document_of_limited_size_fails(response: Response) -> None:
    async with oidc_provider() as provider:
        provider.instead[PATH] = response
        with pytest.raises(NoAnswer):
            await Fetching().get(provider.url + PATH)


@pytest.mark.parametrize("to", ["/elsewhere", "https://127.0.0.1:1/", "file:///etc/passwd"])
async def test_no_redirect_is_followed(to: str) -> None:
    async with oidc_provider() as provider:
        provider.instead[PATH] = Response(302, {}, {"Location": to})
        provider.instead["/elsewhere"] = Response(raw=SMALL)
        with pytest.raises(NoAnswer, match="302"):
            await Fetching().get(provider.url + PATH)
        assert provider.paths() == [PATH]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "file:///etc/passwd", "http://", "http://[", "x", ""]
)
async def test_a_request_to_an_unreachable_address_fails(url: str) -> None:
    with pytest.raises(NoAnswer):
        await Fetching().get(url)


async def test_a_request_whose_connection_breaks_off_fails() -> None:
    async with oidc_provider() as provider:
        provider.instead[PATH] = Response(headers={"Content-Length": "99"}, raw=SMALL)
        with pytest.raises(NoAnswer):
            await Fetching().get(provider.url + PATH)


def tls(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_certificates_are_checked() -> None:
    ours, other = trustme.CA(), trustme.CA()
    async with oidc_provider(tls(ours, "127.0.0.1")) as provider:
        provider.instead[PATH] = Response(raw=SMALL)
        assert await Fetching(trusting(ours)).get(provider.url + PATH) == {"a": 1}
        for fetching in (Fetching(trusting(other)), Fetching()):
            with pytest.raises(NoAnswer, match="CERTIFICATE"):
                await fetching.get(provider.url + PATH)
    async with oidc_provider(tls(ours, "id.example.org")) as provider:
        with pytest.raises(NoAnswer, match="CERTIFICATE"):
            await Fetching(trusting(ours)).get(provider.url + PATH)
        assert not provider.asked
