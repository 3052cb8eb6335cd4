"""A provider with a wrong discovery document or other keys, or that is slow or unreachable."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
import trio
from trio.testing import MockClock

from hub.identity.jwt_tokens import InvalidToken
from hub.identity.oidc.attempt import Attempt, Attempts
from hub.identity.oidc.fetching import Fetching, NoAnswer
from hub.identity.oidc.provider import (
    DEADLINE,
    KEPT_SECONDS,
    KEYS_APART_SECONDS,
    MAX_WAITING,
    Client,
    Provider,
    Refused,
)
from tests.support.oidc.provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    DISCOVERY,
    OidcProvider,
    Response,
    oidc_provider,
    public_jwk,
    rsa_key,
    signed,
)
from tests.support.oidc.visitor import visit
from tests.support.quiet import until_quiet

BACK: Final = "https://parlour.test/callback"
ANOTHER: Final = "https://id.example.org"


@asynccontextmanager
async def provided(**changes: Any) -> AsyncIterator[tuple[OidcProvider, Provider]]:
    async with oidc_provider() as server:
        given = {
            "issuer": server.url,
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "scopes": ("email", "openid"),
            "redirect_uri": BACK,
        }
        yield server, Provider(Client(**(given | changes)), Fetching())


def new_attempt() -> Attempt:
    return Attempts(["own"]).begin(datetime.now(UTC))[0]


async def granted(provider: Provider, attempt: Attempt) -> str:
    """A code, as the browser brings it back."""
    target = await visit(await provider.sign_in_url(attempt))
    return parse_qs(urlsplit(target).query)["code"][0]


async def claims(provider: Provider) -> Any:
    attempt = new_attempt()
    return await provider.claims(await granted(provider, attempt), provider.issuer, attempt)


async def test_the_claims_of_a_sign_in_have_the_subject_of_the_provider() -> None:
    async with provided() as (server, provider):
        assert (await claims(provider))["sub"] == server.claims["sub"]


async def test_the_sign_in_url_has_all_parameters_that_tie_the_code_to_the_attempt() -> None:
    async with provided() as (server, provider):
        server.more["authorization_endpoint"] = f"{server.url}/authorize?tenant=7"
        attempt = new_attempt()
        url = await provider.sign_in_url(attempt)
        assert url.startswith(f"{server.url}/authorize?tenant=7&")
        query = parse_qs(urlsplit(url).query)
        assert query == {
            "tenant": ["7"],
            "response_type": ["code"],
            "client_id": [CLIENT_ID],
            "redirect_uri": [BACK],
            "scope": ["openid email"],
            "state": [attempt.state],
            "nonce": [attempt.nonce],
            "code_challenge": [attempt.challenge],
            "code_challenge_method": ["S256"],
        }
        assert attempt.verifier not in url


@pytest.mark.parametrize(
    ("methods", "in_form"),
    [
        (None, False),
        (["client_secret_basic", "client_secret_post"], False),
        (["client_secret_post"], True),
        ("nonsense", True),
    ],
)
async def test_the_secret_is_sent_by_a_method_that_the_provider_supports(
    methods: Any, in_form: bool
) -> None:
    async with provided() as (server, provider):
        if methods is not None:
            server.more["token_endpoint_auth_methods_supported"] = methods
        await claims(provider)
        (asked,) = [each for each in server.asked if each.path == "/token"]
        assert ("client_secret" in asked.form, "authorization" in asked.headers) == (
            in_form,
            not in_form,
        )


async def test_a_hub_without_the_secret_is_refused() -> None:
    for secret in (None, "wrong"):
        async with provided(secret=secret) as (_, provider):
            with pytest.raises(Refused, match="invalid_client"):
                await claims(provider)


async def test_a_code_is_accepted_once_and_only_for_its_own_attempt() -> None:
    async with provided() as (_, provider):
        attempt = new_attempt()
        code = await granted(provider, attempt)
        await provider.claims(code, None, attempt)
        with pytest.raises(Refused, match="invalid_grant"):
            await provider.claims(code, None, attempt)
        code = await granted(provider, attempt)
        with pytest.raises(Refused, match="invalid_grant"):
            await provider.claims(code, None, new_attempt())


async def test_a_code_of_another_provider_is_not_sent_to_this_one() -> None:
    async with provided() as (server, provider):
        server.more["authorization_response_iss_parameter_supported"] = True
        attempt = new_attempt()
        code = await granted(provider, attempt)
        for issuer in (ANOTHER, f"{server.url}/", "", None):
            with pytest.raises(InvalidToken):
                await provider.claims(code, issuer, attempt)
        assert "/token" not in server.paths()
        await provider.claims(code, server.url, attempt)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", ANOTHER),
        ("issuer", None),
        ("authorization_endpoint", "https://id.example.org/authorize"),  # of another scheme
        ("authorization_endpoint", "javascript:alert(1)"),
        ("token_endpoint", "https://id.example.org/token"),
        ("token_endpoint", "http://user@127.0.0.1/token"),
        ("token_endpoint", "http://"),
        ("token_endpoint", "http://["),
        ("token_endpoint", "/token"),
        ("jwks_uri", "file:///etc/passwd"),
        ("jwks_uri", "http://127.0.0.1/keys#x"),
        ("jwks_uri", 7),
        ("jwks_uri", None),
    ],
)
async def test_a_provider_with_a_wrong_discovery_document_is_not_used(
    name: str, value: Any
) -> None:
    async with provided() as (server, provider):
        server.more[name] = value
        with pytest.raises(NoAnswer):
            await provider.sign_in_url(new_attempt())


@pytest.mark.parametrize("path", ["/token", "/keys"])
@pytest.mark.parametrize(
    "response",
    [
        Response(500, {"error": "invalid_grant"}),
        Response(302, {"error": "x"}, {"Location": "/token"}),
        Response(200, {}),
        Response(200, {"id_token": 7, "keys": 7}),
        Response(200, raw=b"<html>"),
        Response(201, {"id_token": "x", "keys": []}),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{each.status} {each.body[:9]!r}",
)
async def test_a_response_without_a_usable_token_or_keys_fails(
    path: str, response: Response
) -> None:
    async with provided() as (server, provider):
        server.instead[path] = response
        with pytest.raises(NoAnswer):
            await claims(provider)


@pytest.mark.parametrize("keys", [[], [public_jwk(rsa_key(), kid="2")]], ids=["none", "another"])
async def test_a_token_of_an_unknown_key_is_refused(keys: list[Any]) -> None:
    async with provided() as (server, provider):
        server.keys = keys
        with pytest.raises(InvalidToken):
            await claims(provider)


async def test_a_new_key_is_found_and_keys_are_read_again_once_a_minute_at_most(
    mock_clock: MockClock,
) -> None:
    async with provided() as (server, provider):
        await claims(provider)
        server.keys.append(public_jwk(rsa_key(1), kid="2"))
        server.make_token = lambda claims: signed(claims, rsa_key(1), kid="2")
        with pytest.raises(InvalidToken):  # the keys were read just now
            await claims(provider)
        assert server.paths().count("/keys") == 1
        mock_clock.jump(KEYS_APART_SECONDS)
        assert await claims(provider)
        assert server.paths().count("/keys") == 2
        mock_clock.jump(KEYS_APART_SECONDS)
        server.make_token = lambda claims: signed(claims, rsa_key(1), kid="3")
        for _ in range(3):
            with pytest.raises(InvalidToken):
                await claims(provider)
        assert server.paths().count("/keys") == 3


async def test_keys_are_not_read_more_often_while_the_provider_fails(mock_clock: MockClock) -> None:
    async with provided() as (server, provider):
        await claims(provider)
        mock_clock.jump(KEYS_APART_SECONDS)
        server.make_token = lambda claims: signed(claims, rsa_key(1), kid="2")
        server.instead["/keys"] = Response(500, {})
        with pytest.raises(NoAnswer):
            await claims(provider)
        with pytest.raises(InvalidToken):
            await claims(provider)
        assert server.paths().count("/keys") == 2


async def test_a_key_that_the_provider_withdraws_is_used_for_an_hour_at_most(
    mock_clock: MockClock,
) -> None:
    async with provided() as (server, provider):
        await claims(provider)
        assert server.paths().count(DISCOVERY) == server.paths().count("/keys") == 1
        server.keys = [public_jwk(rsa_key(1), kid="1")]
        mock_clock.jump(KEPT_SECONDS - 1)
        await claims(provider)
        mock_clock.jump(1)
        with pytest.raises(InvalidToken):
            await claims(provider)
        assert server.paths().count(DISCOVERY) == 2


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/keys"])
async def test_a_slow_provider_is_given_up(mock_clock: MockClock, path: str) -> None:
    async with provided() as (server, provider):
        if path != DISCOVERY:
            await provider.sign_in_url(new_attempt())
        attempt = new_attempt()
        code = "" if path == DISCOVERY else await granted(provider, attempt)
        server.instead[path] = Response(hangs=True)
        server.was_asked = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_expect_no_answer, provider, code, attempt)
            while path not in server.paths():
                server.was_asked = trio.Event()
                await server.was_asked.wait()
            mock_clock.jump(DEADLINE)
        server.instead.clear()
        assert await claims(provider)  # the place is free again


async def _expect_no_answer(provider: Provider, code: str, attempt: Attempt) -> None:
    with pytest.raises(NoAnswer):
        await provider.claims(code, None, attempt)


async def test_the_requests_that_wait_for_a_provider_that_hangs_are_limited(
    mock_clock: MockClock,
) -> None:
    async with provided() as (server, provider):
        server.instead[DISCOVERY] = Response(hangs=True)
        failed: list[str] = []

        async def ask() -> None:
            with pytest.raises(NoAnswer) as raised:
                await provider.sign_in_url(new_attempt())
            failed.append(str(raised.value))

        async with trio.open_nursery() as nursery:
            for _ in range(2 * MAX_WAITING):
                nursery.start_soon(ask)
            await server.was_asked.wait()
            await until_quiet()
            assert set(failed) == {"too many wait for it"}
            mock_clock.jump(DEADLINE)
        assert len(failed) == 2 * MAX_WAITING
        assert server.paths().count(DISCOVERY) == 1
