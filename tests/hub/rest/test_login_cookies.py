"""The cookies that a login sets, where they are set, and what ends them."""

import pytest

from persistence.interface import Store
from tests.support.accounts import ANN, log_in, register
from tests.support.clients.websocket import Refused
from tests.support.world import GREETINGS, Person, World, open_world


@pytest.mark.parametrize(
    ("peer", "said", "secure"),
    [
        ("198.51.100.1", "https", True),
        ("198.51.100.1", "http", False),
        ("192.0.2.9", "https", False),
    ],
)
async def test_a_cookie_is_secure_when_a_trusted_proxy_speaks_tls(
    memory_store: Store, peer: str, said: str, secure: bool
) -> None:
    async with open_world(memory_store, trusted_proxies=("198.51.100.1",)) as world:
        await world.call("POST", "/api/auth/register", ANN)
        headers = {"X-Forwarded-Proto": said}
        reply = await world.call("POST", "/api/auth/login", ANN, headers, peer=peer)
        assert reply.headers["set-cookie"].endswith("; Secure") is secure


@pytest.mark.parametrize("dialect", ["private_messages", "learning_platform"])
async def test_cookies_have_the_path_of_the_public_url(memory_store: Store, dialect: str) -> None:
    async with open_world(memory_store, public_url="https://a.example/chat/") as world:
        ann = await world.person("ann")
        cookies = {"Cookie": f"{ann.cookie}; {ann.platform_cookie}"}
        reply = await world.call("POST", f"/{dialect}/api/auth/logout", headers=cookies)
        made = reply.headers["set-cookie"]
        assert "; Path=/chat/;" in made
        assert made.endswith("; Secure")


@pytest.mark.parametrize("cookie", ["session_token", "connect.sid"])
async def test_several_cookies_of_one_name_are_refused_by_rest_and_sockets(
    timed_world: World, cookie: str
) -> None:
    """Otherwise an attacker that can set one of them could choose which user is signed in."""
    ann, ben = await timed_world.people("ann", "ben")
    is_token = cookie == "session_token"
    path, socket_path = ("/api/auth/session", "/ws") if is_token else ("/api/users/me", "/ws/chat")
    anns, bens = (f"{cookie}={value_of(each, is_token)}" for each in (ann, ben))
    for sent in (f"{anns}; {bens}", f"{anns}; {anns}", f"{cookie}=x; {anns}", f"{anns}; {cookie}="):
        reply = await timed_world.call("GET", path, headers={"Cookie": sent})
        assert reply.status == 401
        if is_token:
            with pytest.raises(Refused, match="Invalid session"):
                await timed_world.websocket(socket_path, Cookie=sent)
        else:
            socket = await timed_world.websocket(socket_path, Cookie=sent)
            assert (await socket.until_closed())[1].code == 4001
    assert (await timed_world.call("GET", path, headers={"Cookie": anns})).status == 200


@pytest.mark.parametrize("cookie", ["session_token", "connect.sid"])
async def test_a_cookie_that_only_this_host_can_set_counts_before_others(
    timed_world: World, cookie: str
) -> None:
    ann, ben = await timed_world.people("ann", "ben")
    is_token = cookie == "session_token"
    path, socket_path = ("/api/auth/session", "/ws") if is_token else ("/api/users/me", "/ws/chat")
    sent = f"{cookie}={value_of(ben, is_token)}; __Host-{cookie}={value_of(ann, is_token)}"
    reply = await timed_world.call("GET", path, headers={"Cookie": sent})
    assert reply.json["username"] == "ann"
    socket = await timed_world.websocket(socket_path, Cookie=sent)
    assert list(timed_world.services.hub.users()) == [ann.id]
    await socket.receive_type(str(GREETINGS[socket_path]))
    await socket.close_in_silence()


def value_of(person: Person, is_token: bool) -> str:
    return person.token if is_token else person.signed


async def test_over_tls_the_cookie_has_the_name_that_only_this_host_can_set(
    memory_store: Store,
) -> None:
    async with open_world(memory_store, public_url="https://a.example/") as world:
        await register(world)
        made = (await log_in(world)).headers["set-cookie"]
        assert made.startswith("__Host-session_token=")
        assert "; Path=/;" in made
        assert made.endswith("; SameSite=Lax; Secure")
        cookie = {"Cookie": made.partition(";")[0]}
        assert (await world.call("GET", "/api/auth/session", headers=cookie)).status == 200
        left = await world.call("POST", "/api/auth/logout", headers=cookie)
        names = [value.partition("=")[0] for value in left.set_cookies]
        assert names == ["__Host-session_token", "session_token"]


async def test_one_sign_in_gives_the_cookies_of_all_dialects_for_one_session(
    memory_store: Store,
) -> None:
    """Only if the client asks for them: other clients select a dialect by the cookie they have."""
    async with open_world(memory_store) as world:
        await register(world)
        assert len((await log_in(world)).set_cookies) == 2  # one is that of the known browser
        body = {"email": ANN["email"], "password": ANN["password"], "all_dialects": True}
        reply = await world.call("POST", "/api/auth/login", body)
        token, signed, _ = [value.partition(";")[0] for value in reply.set_cookies]
        sockets = [
            await world.websocket(path, Cookie=cookie)
            for path, cookie in (("/ws", token), ("/ws/chat", signed))
        ]
        for socket in sockets:
            await socket.receive()
        sessions = await world.call("GET", "/api/users/me/sessions", headers={"Cookie": token})
        assert sorted(each["isCurrent"] for each in sessions.json) == [False, True]
        assert (await world.call("GET", "/api/users/me", headers={"Cookie": signed})).status == 200
        gone = await world.call("POST", "/api/auth/logout", headers={"Cookie": signed})
        assert gone.status == 200
        for socket in sockets:
            assert (await socket.closed()).code == 4001


@pytest.mark.parametrize("dialect", ["private_messages", "learning_platform"])
async def test_signing_out_ends_the_sessions_of_both_cookies(
    timed_world: World, dialect: str
) -> None:
    ann = await timed_world.person("ann")
    cookies = {"Cookie": f"{ann.cookie}; {ann.platform_cookie}"}
    sockets = [await ann.open("/ws"), await ann.open("/ws/chat")]
    left = await timed_world.call("POST", f"/{dialect}/api/auth/logout", headers=cookies)
    assert [value.partition("=")[0] for value in left.set_cookies] == [
        "session_token",
        "connect.sid",
    ]
    for socket in sockets:
        assert (await socket.closed()).code == 4001
    assert (await ann.call("GET", "/api/auth/session")).status == 401
    assert (await ann.ask("GET", "/api/users/me")).status == 401


async def test_a_login_below_a_path_expires_the_cookie_of_the_whole_host(
    memory_store: Store,
) -> None:
    """The browser would send both, and neither would count."""
    async with open_world(memory_store, public_url="https://a.example/chat/") as world:
        await register(world)
        body = {"email": ANN["email"], "password": ANN["password"]}
        headers = {"Cookie": "session_token=x"}
        reply = await world.call("POST", "/api/auth/login", body, headers)
        *gone, made = reply.set_cookies
        assert "session_token=; Path=/; Max-Age=0;" in {
            value.partition(" Exp")[0] for value in gone
        }
        assert "; Path=/chat/;" in made


async def test_signing_out_ends_every_session_that_the_browser_has(timed_world: World) -> None:
    ann = await timed_world.person("ann")
    again = await timed_world.sign_in(ann.user)
    header = {"Cookie": f"{ann.cookie}; session_token=x; {again.cookie}"}
    assert (await timed_world.call("POST", "/api/auth/logout", headers=header)).status == 200
    for each in (ann, again):
        assert (await each.call("GET", "/api/auth/session")).status == 401
