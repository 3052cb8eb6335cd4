"""Accounts over REST: register, log in and out, find somebody.

See docs/dialects/private_messages.md#rest.

Guarantees: a failed login does not reveal whether the account exists; attempts are limited per
account and per address; only a token's hash is stored; identity always comes from the session.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.responses import Response

from hub.identity.cookies import COOKIE, expired_cookie, session_cookie
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.login import (
    check_login,
    end_session,
    limit_attempts,
    refuse_weak,
    refuse_when_closed,
)
from hub.rest.selection import bearer_token
from persistence.records import NewUser, Taken
from protocol.dialect import Stranger
from protocol.dialects.private_messages.rest import REST, LoginBody, RegisterBody
from protocol.dialects.private_messages.shapes import own_user_object, user_object
from protocol.errors import ErrorCode, WireError
from protocol.model import Session
from protocol.parsing.jsontext import parse_object

_REGISTER_FIELDS: Final = ("email", "password", "first_name", "last_name", "date_of_birth")


async def register(call: Call) -> Response:
    """Make an account."""
    refuse_when_closed(call)
    body = await _register_body(call)
    birthday = body.check()
    refuse_weak(body.password)
    limit_attempts(call.services.address_attempts, call.address)
    new = NewUser(
        name=f"{body.first_name} {body.last_name}".strip(),
        password_hash=await call.services.passwords.hash(body.password),
        email=body.email,
        first_name=body.first_name,
        last_name=body.last_name,
        date_of_birth=birthday,
        avatar=body.avatar,
        nickname=body.nickname,
        about_me=body.about_me,
    )
    try:
        user = await call.services.store.accounts.create(new)
    except Taken as taken:
        raise HttpError(
            409, f"{taken.field}_taken", f"This {taken.field} has an account already"
        ) from None
    return JSON({"message": "User registered successfully", "user_id": user.id}, 201)


async def _register_body(call: Call) -> RegisterBody:
    """The body; errors have the two texts that this dialect knows."""
    try:
        raw = parse_object(await call.request.body())
    except WireError as error:
        raise HttpError(400, error.code, "Invalid request payload") from None
    if any(not raw.get(name) for name in _REGISTER_FIELDS):
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Missing required fields")
    try:
        return await call.body(RegisterBody)
    except WireError as error:
        raise HttpError(400, error.code, "Invalid request payload") from None


async def log_in(call: Call) -> Response:
    """Open a session and set its cookie."""
    try:
        body = await call.body(LoginBody)
    except WireError as error:
        raise HttpError(400, error.code, "Invalid request payload") from None
    user = await check_login(call, body.email, body.password)
    if user is None:
        raise HttpError(401, "invalid_credentials", "Invalid email or password")
    lifetime = timedelta(days=call.services.config.session_days)
    expires_at = datetime.now(UTC) + lifetime
    token = await call.services.authenticator.open(COOKIE, user.id, expires_at)
    cookie = session_cookie(token, lifetime, call.cookie_scope)
    return JSON(own_user_object(user), headers={"Set-Cookie": cookie})


async def log_out(call: Call) -> Response:
    """End the session and close its connections."""
    if COOKIE not in call.cookies:
        return _no_token()
    await end_session(call, COOKIE)
    cookie = expired_cookie(call.cookie_scope)
    return JSON({"message": "Logged out successfully"}, headers={"Set-Cookie": cookie})


async def show_session(call: Call) -> Response:
    """Who the caller is."""
    token = bearer_token(call.request) or ""
    session = await call.services.authenticator.find(COOKIE, call.cookies, token)
    if session is Stranger.NO_SESSION:
        return _no_token()
    if not isinstance(session, Session):
        raise HttpError(401, "invalid_session", "Invalid or expired session")
    return JSON(own_user_object(session.user))


async def find_user(call: Call) -> Response:
    """The user with exactly that username, as a list of one or none."""
    username = call.request.query_params.get("username", "")
    if not username or "\x00" in username:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "username is missing")
    user = await call.services.store.accounts.find(username)
    return JSON([] if user is None else [user_object(user)])


async def show_user(call: Call) -> Response:
    """Another user's public view."""
    user = await call.services.store.accounts.get(call.user_id())
    if user is None:
        raise HttpError(404, "user_not_found", "User not found")
    return JSON(user_object(user))


def _no_token() -> Response:
    return JSON({"error": "No session token provided", "code": "not_signed_in"}, 401)


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/auth/register",
        "Make an account",
        register,
        {201: "made", 400: "malformed", 403: "closed", 409: "email taken", 429: "too many"},
        body=RegisterBody,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/login",
        "Open a session; `email` may be a username",
        log_in,
        {200: "the user; sets the cookie", 400: "malformed", 401: "refused", 429: "too many"},
        body=LoginBody,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/logout",
        "End the session; its connections close with 4001",
        log_out,
        {200: "ended", 401: "no token"},
        open_to_all=True,
    ),
    Endpoint(
        "GET",
        "/api/auth/session",
        "Who I am",
        show_session,
        {200: "the user", 401: "no or no live session"},
        open_to_all=True,
    ),
    Endpoint(
        "GET",
        "/api/users",
        "Find a user by exact username",
        find_user,
        {200: "a list of one or none", 400: "no username"},
        query=("username",),
    ),
    Endpoint(
        "GET",
        "/api/users/{user_id}",
        "A user's public view",
        show_user,
        {200: "the user", 404: "unknown"},
    ),
)
