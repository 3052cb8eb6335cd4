"""Signing in with a provider over REST, from the button to the session, on every store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from trio.testing import MockClock

from hub.identity.oidc.attempt import LIFETIME
from hub.identity.oidc.provider import CALLBACK
from persistence.interface import Store
from persistence.records import Identity, NewUser
from tests.support.accounts import ANN as REGISTERED
from tests.support.accounts import cookie_of, log_in, register
from tests.support.oidc.provider import (
    DISCOVERY,
    OidcProvider,
    Response,
    public_jwk,
    rsa_key,
    signed,
    signed_with_public_key,
    unsigned,
)
from tests.support.oidc.visitor import (
    BEGIN,
    HOME,
    begin,
    come_back,
    cookies,
    problem,
    provided_world,
    sign_in,
    visit,
)
from tests.support.world import World, open_world

SESSION = "/api/auth/session"


async def who(world: World, headers: Any) -> Any:
    return (await world.call("GET", SESSION, headers=headers)).json


async def test_a_user_signs_in_and_out(store: Store) -> None:
    async with provided_world(store) as (world, _):
        reply = await sign_in(world)
        assert (problem(reply), reply.headers["location"]) == (None, HOME)
        headers = cookies(reply)
        me = await who(world, headers)
        assert (me["username"], me["name"], me["email"]) == ("ann", "Ann Lee", "ann@example.org")
        socket = await world.websocket(Cookie=headers["Cookie"])
        await socket.receive_type("system")
        out = await world.call("POST", "/api/auth/logout", headers=headers)
        assert out.status == 200
        assert (await socket.closed()).code == 4001
        assert (await world.call("GET", SESSION, headers=headers)).status == 401


async def test_one_sign_in_is_for_the_learning_platform_too(store: Store) -> None:
    async with provided_world(store) as (world, _):
        headers = cookies(await sign_in(world))
        assert "connect.sid" in headers["Cookie"]
        assert (await world.call("GET", "/api/workspaces", headers=headers)).status == 200


async def test_the_next_sign_in_finds_the_account_by_its_subject_alone(store: Store) -> None:
    async with provided_world(store) as (world, provider):
        first = await who(world, cookies(await sign_in(world)))
        provider.claims |= {
            "name": "Lee", "preferred_username": "lee", "email": "lee@example.org",
        }  # fmt: skip
        assert await who(world, cookies(await sign_in(world))) == first
        provider.claims |= {"sub": "another"}
        other = await who(world, cookies(await sign_in(world)))
        assert (other["id"] != first["id"], other["username"]) == (True, "lee")


@pytest.mark.parametrize("is_verified", [True, False])
async def test_a_sign_in_with_the_email_of_another_account_does_not_take_it_over(
    store: Store, is_verified: bool
) -> None:
    async with provided_world(store) as (world, provider):
        await register(world)
        owner = await who(world, {"Cookie": cookie_of(await log_in(world))})
        provider.claims["email_verified"] = is_verified
        me = await who(world, cookies(await sign_in(world)))
        assert (me["id"] != owner["id"], me["username"], me["email"]) == (True, "ann2", None)
        assert (await log_in(world)).json["id"] == owner["id"]


async def test_an_email_that_is_not_verified_does_not_prevent_a_registration(store: Store) -> None:
    async with provided_world(store) as (world, provider):
        provider.claims["email_verified"] = False
        assert problem(await sign_in(world)) is None
        assert (await register(world)).status == 201


async def test_an_account_made_with_a_provider_has_no_valid_password(store: Store) -> None:
    async with provided_world(store) as (world, _):
        headers = cookies(await sign_in(world))
        for password in ("none", "", "x"):
            assert (await log_in(world, password)).status == 401
            assert (await log_in(world, password, email="ann")).status == 401
        body = {"current_password": "none", "new_password": "correct horse"}
        changed = await world.call("PUT", "/api/users/change-password", body, headers)
        assert changed.status == 403


@pytest.mark.parametrize("registration", ["open", "provider", "closed"])
async def test_the_registration_setting_decides_how_accounts_can_be_made(
    memory_store: Store, registration: str
) -> None:
    async with provided_world(memory_store, registration=registration) as (world, _):
        assert (await register(world)).status == (201 if registration == "open" else 403)
        expected = "registration_closed" if registration == "closed" else None
        assert problem(await sign_in(world)) == expected


async def test_a_user_with_an_account_signs_in_while_registration_is_closed(store: Store) -> None:
    async with provided_world(store) as (world, provider):
        identity = Identity(provider.url, str(provider.claims["sub"]))
        await store.accounts.create(NewUser("Ann", "none", "ann", identity=identity))
        async with open_world(
            store,
            registration="closed",
            public_url=HOME,
            **{
                name: getattr(world.services.config, name)
                for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
            },
        ) as closed:
            assert problem(await sign_in(closed)) is None


async def test_a_deleted_account_is_not_signed_in(store: Store) -> None:
    """Its identity is deleted with it, so the next sign-in makes a new account."""
    async with provided_world(store) as (world, _):
        headers = cookies(await sign_in(world))
        me = await who(world, headers)
        assert await store.accounts.delete(me["id"])
        again = await who(world, cookies(await sign_in(world)))
        assert again["id"] != me["id"]


async def test_the_cookie_of_a_sign_in_is_for_this_host_only_and_is_deleted_at_its_end(
    store: Store,
) -> None:
    async with provided_world(store) as (world, _):
        reply = await world.call("POST", BEGIN)
        cookie, _, attributes = reply.headers["set-cookie"].partition("; ")
        assert cookie.startswith("__Host-provider_sign_in=")
        for each in (
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
            f"Max-Age={LIFETIME.total_seconds():.0f}",
        ):
            assert each in attributes.split("; ")
        back = await come_back(world, cookie, await visit(reply.json["url"]))
        assert problem(back) is None
        assert any(each.startswith("__Host-provider_sign_in=;") for each in back.set_cookies)
        assert back.headers["referrer-policy"] == "no-referrer"  # the address contains the code
        assert back.headers["cache-control"] == "no-store"


async def test_a_hub_below_a_path_gets_the_callback_below_that_path(memory_store: Store) -> None:
    url = "https://parlour.test/chat/"
    async with provided_world(memory_store, public_url=url) as (world, provider):
        begun = await begin(world)
        assert begun.cookie.startswith("provider_sign_in=")
        target = await visit(begun.url)
        (code,) = provider.codes.values()
        assert code.redirect_uri == f"{url}api/auth/provider/callback"
        reply = await come_back(world, begun.cookie, target.removeprefix("/chat"))
        assert (reply.status, reply.headers["location"]) == (303, url)


async def test_another_browser_cannot_complete_a_sign_in(store: Store) -> None:
    async with provided_world(store) as (world, provider):
        begun, other = await begin(world), await begin(world)
        target = await visit(begun.url)
        for cookie in (
            "",
            other.cookie,
            "__Host-provider_sign_in=x",
            f"{begun.cookie}; {other.cookie}",
            f"provider_sign_in={begun.cookie.partition('=')[2]}; {other.cookie}",
        ):
            assert problem(await come_back(world, cookie, target)) == "sign_in_expired"
        for wrong in (target.replace("state=", "state=x"), target.replace("state=", "s=")):
            assert problem(await come_back(world, begun.cookie, wrong)) == "sign_in_expired"
        assert "/token" not in provider.paths()
        assert problem(await come_back(world, begun.cookie, target)) is None


async def test_a_sign_in_can_be_completed_only_once(store: Store) -> None:
    async with provided_world(store) as (world, provider):
        begun = await begin(world)
        target = await visit(begun.url)
        assert problem(await come_back(world, begun.cookie, target)) is None
        assert problem(await come_back(world, begun.cookie, target)) == "sign_in_expired"
        assert provider.paths().count("/token") == 1


async def test_a_sign_in_can_be_completed_at_another_node(memory_store: Store) -> None:
    async with provided_world(memory_store) as (world, _):
        begun = await begin(world)
        target = await visit(begun.url)
        async with open_world(memory_store, **with_provider(world)) as other:
            back = await come_back(other, begun.cookie, target)
            assert problem(back) is None


def with_provider(world: World) -> dict[str, Any]:
    """The settings of another node."""
    config = world.services.config
    names = ("public_url", "oidc_issuer", "oidc_client_id", "oidc_client_secret")
    return {name: getattr(config, name) for name in names}


@pytest.mark.parametrize(
    ("age", "said"),
    [(LIFETIME, "sign_in_expired"), (LIFETIME - timedelta(minutes=1), "provider_refused")],
)
async def test_a_sign_in_that_takes_too_long_expires(
    memory_store: Store, age: timedelta, said: str
) -> None:
    async with provided_world(memory_store) as (world, _):
        begun_at = datetime.now(UTC) - age
        attempt, value = world.services.provider_sign_ins.begin(begun_at)
        target = f"{CALLBACK}?code=unheard-of&state={attempt.state}"
        cookie = f"__Host-provider_sign_in={value}"
        assert problem(await come_back(world, cookie, target)) == said


def forged(provider: OidcProvider) -> None:
    provider.make_token = lambda claims: signed(claims, rsa_key(1))


def with_public_key(provider: OidcProvider) -> None:
    provider.make_token = signed_with_public_key


def without_signature(provider: OidcProvider) -> None:
    provider.make_token = unsigned


def of_unknown_key(provider: OidcProvider) -> None:
    provider.make_token = lambda claims: signed(claims, kid="2")


def without_keys(provider: OidcProvider) -> None:
    provider.keys = [public_jwk(rsa_key(1), kid="1")]


def saying(**claims: object) -> Any:
    def change(provider: OidcProvider) -> None:
        provider.claims |= claims

    return change


def answering(path: str, response: Response) -> Any:
    def change(provider: OidcProvider) -> None:
        provider.instead[path] = response

    return change


@pytest.mark.parametrize(
    ("misbehave", "code"),
    [
        (forged, "provider_invalid"),
        (with_public_key, "provider_invalid"),
        (without_signature, "provider_invalid"),
        (of_unknown_key, "provider_invalid"),
        (without_keys, "provider_invalid"),
        (saying(iss="https://id.example.org"), "provider_invalid"),
        (saying(aud="another"), "provider_invalid"),
        (saying(azp="another"), "provider_invalid"),
        (saying(nonce="another"), "provider_invalid"),
        (saying(exp=1), "provider_invalid"),
        (saying(iat=1 << 40), "provider_invalid"),
        (saying(sub=""), "provider_invalid"),
        (saying(sub=None), "provider_invalid"),
        (answering("/token", Response(400, {"error": "invalid_grant"})), "provider_refused"),
        (answering("/token", Response(500, {})), "provider_unavailable"),
        (answering("/token", Response(302, {}, {"Location": "x"})), "provider_unavailable"),
        (answering("/token", Response(raw=b" " * 300_000 + b"{}")), "provider_unavailable"),
        (answering("/keys", Response(raw=b"{")), "provider_unavailable"),
    ],
    ids=range(18),
)
async def test_a_sign_in_with_a_provider_that_misbehaves_fails(
    memory_store: Store, misbehave: Any, code: str
) -> None:
    async with provided_world(memory_store) as (world, provider):
        misbehave(provider)
        assert problem(await sign_in(world)) == code
        assert await memory_store.accounts.list_page(after=None, limit=9) == []


async def test_a_sign_in_with_a_slow_provider_is_given_up(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with provided_world(memory_store) as (world, provider):
        provider.instead[DISCOVERY] = Response(hangs=True)
        reply = await world.call("POST", BEGIN)
        assert (reply.status, reply.json["code"]) == (503, "provider_unavailable")
        assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("query", ["error=access_denied", "error=%00%0a", "error=x&code=code-0"])
async def test_a_refusal_of_the_provider_is_an_error_on_the_page(
    memory_store: Store, query: str
) -> None:
    async with provided_world(memory_store) as (world, provider):
        begun = await begin(world)
        state = (await visit(begun.url)).partition("state=")[2].partition("&")[0]
        target = f"/api/auth/provider/callback?{query}&state={state}"
        assert problem(await come_back(world, begun.cookie, target)) == "provider_refused"
        assert "/token" not in provider.paths()


async def test_failed_sign_ins_are_limited_per_network(memory_store: Store) -> None:
    async with provided_world(memory_store, login_attempts_per_address=2) as (world, _):
        headers = cookies(await sign_in(world))  # a registration counts
        for _ in range(3):
            assert problem(await sign_in(world)) is None
        target = "/api/auth/provider/callback?code=x&state=y"
        assert problem(await come_back(world, "", target)) == "sign_in_expired"
        assert problem(await sign_in(world)) == "too_many_attempts"
        assert (await log_in(world)).status == 429
        begun = await begin(world)
        elsewhere = await come_back(world, begun.cookie, await visit(begun.url), peer="192.0.2.9")
        assert problem(elsewhere) is None
        assert (await who(world, headers))["username"] == "ann"


async def test_a_page_of_another_site_cannot_begin_a_sign_in(memory_store: Store) -> None:
    async with provided_world(memory_store) as (world, _):
        reply = await world.call("POST", BEGIN, headers={"Origin": "https://evil.example"})
        assert (reply.status, reply.json["code"]) == (403, "origin_refused")


async def test_without_a_provider_the_paths_of_the_sign_in_are_404(world: World) -> None:
    for method, path in (("POST", BEGIN), ("GET", f"{BEGIN}/callback?code=x&state=y")):
        reply = await world.call(method, path)
        assert (reply.status, reply.json["code"]) == (404, "no_provider")


def test_the_email_of_the_provider_is_that_of_the_other_account() -> None:
    """Otherwise the test about taking over an account would show nothing."""
    assert OidcProvider().claims["email"] == REGISTERED["email"]
