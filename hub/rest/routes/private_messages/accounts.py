"""Accounts over REST: register, log in and out, find a user.

See docs/dialects/private_messages.md#rest.

Guarantees: a failed login does not reveal whether the account exists; attempts are limited per
account and per network; only a token's hash is stored; identity always comes from the session.
"""

from datetime import UTC, datetime
from typing import Final, TypedDict

from hub.identity.cookies import COOKIE
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.login import (
    DEACTIVATED,
    WEAK_CODES,
    check_login,
    end_session,
    hash_password,
    limit_attempts,
    open_session,
    refuse_weak,
    refuse_when_closed,
)
from hub.rest.parameters import Text
from hub.rest.replies import NO_USER, from_wire
from hub.rest.routes.private_messages.profiles import as_shown_to
from persistence.records import NewUser, Taken
from protocol.dialect import Stranger
from protocol.dialects.private_messages.rest import REST, LoginBody, RegisterBody
from protocol.dialects.private_messages.shapes import (
    OwnUserObject,
    UserObject,
    own_user_object,
    user_object,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import Session, UserId
from protocol.parsing.jsontext import parse_object

_REGISTER_FIELDS: Final = ("email", "password", "first_name", "last_name", "date_of_birth")


USERNAME: Final = Text("username", "the exact username", {"minLength": 1}, is_required=True)


class RegisteredObject(TypedDict):
    """A new account."""

    message: str
    user_id: UserId


class MessageObject(TypedDict):
    """What happened, in words."""

    message: str


async def register(call: Call) -> JSON[RegisteredObject]:
    """Make an account."""
    refuse_when_closed(call)
    body = await _register_body(call)
    birthday = body.check(datetime.now(UTC).date())
    refuse_weak(body.password)
    await limit_attempts(call)
    new = NewUser(
        name=f"{body.first_name} {body.last_name}".strip(),
        password_hash=await hash_password(call, body.password),
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
        raise from_wire(error, "Invalid request payload") from None
    if any(not raw.get(name) for name in _REGISTER_FIELDS):
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Missing required fields")
    try:
        return await call.body(RegisterBody)
    except WireError as error:
        raise from_wire(error, "Invalid request payload") from None


async def log_in(call: Call) -> JSON[OwnUserObject]:
    """Open a session and set its cookie."""
    try:
        body = await call.body(LoginBody)
    except WireError as error:
        raise from_wire(error, "Invalid request payload") from None
    user = await check_login(call, body.email, body.password)
    if user is None:
        raise HttpError(401, "invalid_credentials", "Invalid email or password")
    await open_session(call, user, in_all=body.all_dialects)
    return JSON(own_user_object(user))


async def log_out(call: Call) -> JSON[MessageObject]:
    """End the session and close its connections."""
    if COOKIE not in call.cookies:
        raise _no_token()
    await end_session(call)
    return JSON({"message": "Logged out successfully"})


async def show_session(call: Call) -> JSON[OwnUserObject]:
    """The caller's own account."""
    session = await call.find_session()
    if session is Stranger.NO_SESSION:
        raise _no_token()
    if not isinstance(session, Session):
        raise HttpError(401, "invalid_session", "Invalid or expired session")
    return JSON(own_user_object(session.user))


async def find_user(call: Call) -> JSON[list[UserObject]]:
    """The user with exactly that username, as a list of one or none."""
    username = call.text(USERNAME)
    if not username or "\x00" in username:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "username is missing")
    user = await call.services.store.accounts.find(username)
    shown = None if user is None else await as_shown_to(call, user)
    return JSON([] if shown is None else [user_object(shown)])


async def show_user(call: Call) -> JSON[UserObject]:
    """Another user's public view."""
    user = await call.services.store.accounts.get(call.user_id())
    shown = None if user is None else await as_shown_to(call, user)
    if shown is None:
        raise NO_USER.error()
    return JSON(user_object(shown))


def _no_token() -> HttpError:
    return HttpError(401, "not_signed_in", "No session token provided")


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/auth/register",
        "Make an account",
        register,
        {
            201: "the new user's id",
            400: WEAK_CODES,
            403: ["registration_closed"],
            409: ["email_taken", "username_taken"],
            429: ["too_many_attempts"],
            503: ["busy"],
        },
        body=RegisterBody,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/login",
        "Open a session; `email` may be a username",
        log_in,
        {
            200: "the user; sets the cookie",
            401: ["invalid_credentials"],
            403: [DEACTIVATED],
            429: ["too_many_attempts"],
            503: ["busy"],
        },
        body=LoginBody,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/logout",
        "End the session; its connections close with 4001",
        log_out,
        {200: "ended", 401: ["not_signed_in"]},
        open_to_all=True,
    ),
    Endpoint(
        "GET",
        "/api/auth/session",
        "Show the caller's account",
        show_session,
        {200: "the user", 401: ["not_signed_in", "invalid_session"]},
        open_to_all=True,
    ),
    Endpoint(
        "GET",
        "/api/users",
        "Find a user by exact username",
        find_user,
        {200: "a list with the user, or an empty list", 400: [ErrorCode.INVALID_FIELD]},
        parameters=(USERNAME,),
    ),
    Endpoint(
        "GET",
        "/api/users/{user_id}",
        "Show a user, with the fields that the caller may see",
        show_user,
        {200: "the user", 400: [ErrorCode.INVALID_FIELD], 404: ["user_not_found"]},
    ),
)
