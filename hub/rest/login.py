"""What the logins of all REST dialects share.

Guarantees: a failed login does not reveal whether the account exists; failures are limited per
network first, then per account and place (a network or a known browser), and slowed down when many
networks guess, so that guesses from other networks do not lock the owner out; few logins of each
network wait for a hash at a time, and a login leaves the queue when its client disconnects; a
password hash is renewed when its cost is out of date.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, TypeVar

import trio

from hub.identity.browsers import COOKIE as KNOWN_BROWSER
from hub.identity.browsers import LIFETIME as KNOWN_FOR
from hub.identity.cookies import COOKIE as TOKEN_COOKIE
from hub.identity.cookies import COOKIES
from hub.identity.passwords import WEAK, Busy, check_password
from hub.limits.guesses import Account, Guess, account_of
from hub.metrics import LoginOutcome
from hub.rest.endpoint import Call, HttpError
from hub.settings.choices import Registration
from hub.settings.log_ids import know_user
from persistence.attempts import Kind
from protocol.model import User
from protocol.parsing.express_session import COOKIE as SIGNED_COOKIE

BUSY_SECONDS: Final = 5  # the `Retry-After` of a client that is refused as busy

REFUSED_BY: Final = {
    Kind.NETWORK: LoginOutcome.NETWORK_LIMIT,
    Kind.PLACE: LoginOutcome.ACCOUNT_LIMIT,
    Kind.ACCOUNT: LoginOutcome.ACCOUNT_LIMIT,
}

T = TypeVar("T")

DEACTIVATED: Final = "account_deactivated"

WEAK_CODES: Final = tuple(WEAK)
"""The codes of 400 for a new password."""


async def check_login(call: Call, login: str, password: str) -> User | None:
    """The user with this email or username and this password, or None. In place of the password, an
    entry ticket of the user is accepted once; only a demo issues such tickets.

    Raises:
        HttpError: 429 when there were too many attempts, 503 when too many wait for their turn, 403
            when the password is right and the account is deactivated.
    """
    services = call.services
    found = None
    if "\x00" not in login:
        found = await services.store.accounts.credentials(login)
    if found is not None and services.entries.take(found.user.id, password, trio.current_time()):
        return require_active(found.user)
    account = account_of(None if found is None else found.user.id, login)
    password_hash = None if found is None else found.password_hash
    async with _guess(call, account) as guess:
        if not await _verify(call, guess, password_hash, password) or found is None:
            services.metrics.logins[LoginOutcome.WRONG] += 1
            return None
    services.metrics.logins[LoginOutcome.RIGHT] += 1
    await services.guesses.was_right(guess)
    require_active(found.user)
    if services.passwords.needs_rehash(found.password_hash):
        rehashed = await hash_password(call, password)
        await services.store.accounts.rehash_password(found.user.id, rehashed)
    return found.user


def require_active(user: User) -> User:
    """The user, who has been authenticated, if the account is active.

    Raises:
        HttpError: 403; the account is deactivated.
    """
    if user.deactivated_at is not None:
        raise HttpError(403, DEACTIVATED, "This account was deactivated by the operator")
    return user


async def is_own_password(call: Call, password: str) -> bool:
    """Whether this is the caller's password; guesses count like logins.

    Raises:
        HttpError: 429 when there were too many attempts, 503 when too many wait for their turn.
    """
    services = call.services
    async with _guess(call, call.me) as guess:
        password_hash = await services.store.accounts.password_hash(call.me)
        is_right = await _verify(call, guess, password_hash, password)
    if is_right:
        await services.guesses.was_right(guess)
    return is_right


async def hash_password(call: Call, password: str) -> str:
    """The hash of a new password; hashing is cancelled when the client leaves.

    Raises:
        HttpError: 503 when too many wait for their turn.
    """
    passwords = call.services.passwords
    return await _in_turn(call, lambda: passwords.hash(password, call.owner))


async def _verify(call: Call, guess: Guess, password_hash: str | None, password: str) -> bool:
    """Whether the password matches; a guess that is not verified does not count."""
    passwords = call.services.passwords

    async def look() -> bool:
        await trio.sleep(guess.delay)
        return await passwords.verify(password_hash, password, call.owner)

    try:
        return await _in_turn(call, look)
    except HttpError:
        await call.services.guesses.give_back(guess)
        raise


async def _in_turn(call: Call, work: Callable[[], Awaitable[T]]) -> T:
    """The result of work that needs a hash; a client that leaves loses its place in the queue."""
    try:
        return await call.while_waited_for(work)
    except Busy:
        call.services.metrics.logins[LoginOutcome.BUSY] += 1
        wait = {"Retry-After": str(BUSY_SECONDS)}
        text = "Too many people are signing in, please try again"
        raise HttpError(503, "busy", text, wait) from None


@asynccontextmanager
async def _guess(call: Call, account: Account) -> AsyncIterator[Guess]:
    """Count a guess of the caller's: for the browser if it is known to the account, otherwise for
    the network, where it also counts as an attempt.

    Raises:
        HttpError: 429 when there were too many.
    """
    services, browser = call.services, None
    if not isinstance(account, str):
        browser = services.browsers.known_to(account, call.cookies.get(KNOWN_BROWSER, ()))
    guess = await services.guesses.take(
        account, browser or call.network, is_known=browser is not None
    )
    if guess.refused_by is not None:
        services.metrics.logins[REFUSED_BY[guess.refused_by]] += 1
        raise too_many(guess.wait)
    try:
        yield guess
    finally:
        services.guesses.waited(guess)


async def open_session(call: Call, user: User, *, in_all: bool = False) -> None:
    """Open a session for a user and give the caller the cookie of the call's dialect.

    Args:
        call: the login.
        user: the user who logged in.
        in_all: give the cookies of all dialects, each of which names that session.
    """
    know_user(user.id)
    services, cookie = call.services, call.surface.cookie or TOKEN_COOKIE
    lifetime = services.renewals.lifetimes[cookie]
    value = await services.authenticator.open(cookie, user.id, lifetime)
    give_cookie(call, cookie, value, lifetime)
    if in_all and cookie == TOKEN_COOKIE:
        give_cookie(call, SIGNED_COOKIE, services.authenticator.signed(value), lifetime)
    if services.browsers.known_to(user.id, call.cookies.get(KNOWN_BROWSER, ())) is None:
        call.set_cookie(KNOWN_BROWSER, services.browsers.value_for(user.id), KNOWN_FOR)


def give_cookie(call: Call, cookie: str, value: str, lifetime: timedelta) -> None:
    """Give the caller a cookie. Below a base path, a cookie of the same name for the whole host is
    expired, because the browser would send both.
    """
    if cookie in call.cookies and call.cookie_scope.path != "/":
        call.expire_cookie(cookie, everywhere=True)
    call.set_cookie(cookie, value, lifetime)


async def end_session(call: Call) -> None:
    """End every session that the caller's cookies name, and close its connections."""
    services = call.services
    for cookie in COOKIES:
        if cookie in call.cookies:
            ended = await services.authenticator.close(cookie, call.cookies)
            await services.live_sessions.end(ended)
        if cookie in call.cookies or cookie == call.surface.cookie:
            call.expire_cookie(cookie)


async def limit_attempts(call: Call) -> None:
    """Count an attempt of the caller's network. Handlers give back an attempt that succeeds, except
    for a registration.

    Raises:
        HttpError: 429 when there were too many.
    """
    wait = await call.services.guesses.enter(call.network)
    if wait:
        call.services.metrics.logins[LoginOutcome.NETWORK_LIMIT] += 1
        raise too_many(wait)


def too_many(wait: float) -> HttpError:
    """The error for too many attempts; `wait`: seconds until the next one is allowed."""
    headers = {"Retry-After": str(int(wait) + 1)}
    return HttpError(429, "too_many_attempts", "Too many attempts, please wait", headers)


def refuse_weak(password: str) -> None:
    """Refuse a new password that is too short or too long.

    Raises:
        HttpError: 400.
    """
    flaw = check_password(password)
    if flaw is not None:
        raise HttpError(400, flaw, WEAK[flaw])


def refuse_when_closed(call: Call) -> None:
    """Refuse a registration with a password where the operator, or a provider, makes the accounts.

    Raises:
        HttpError: 403.
    """
    if call.services.config.registration is not Registration.OPEN:
        raise HttpError(403, "registration_closed", "New accounts are made by the operator")
