"""The learning platform's accounts. See docs/dialects/learning_chat.md#rest.

Guarantees: no response contains a password or its hash; the session cookie is express-session's.
"""

from typing import Final, TypedDict

from hub.identity.cookies import COOKIE as TOKEN_COOKIE
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError, NotSignedIn
from hub.rest.login import (
    DEACTIVATED,
    WEAK_CODES,
    check_login,
    end_session,
    give_cookie,
    hash_password,
    limit_attempts,
    open_session,
    refuse_weak,
    refuse_when_closed,
)
from hub.settings.choices import OpenRole
from persistence.records import NewUser, Taken
from persistence.sessions import time_left
from protocol.dialects.learning_chat.rest import REST, AccountBody, CredentialsBody, FlawObject
from protocol.errors import ErrorCode, WireError
from protocol.model import Session
from protocol.parsing.express_session import COOKIE
from protocol.shapes.learning_platform import AccountObject, account_object

_TAKEN: Final = {"username": "Username already exists", "email": "Email already exists"}


class MessageObject(TypedDict):
    """What happened, in words."""

    message: str


def invalid(text: str, error: WireError) -> HttpError:
    """The error for a malformed body; see docs/dialects/learning_chat.md#rest. Its `path` is the
    field, or empty for the body as a whole.
    """
    flaw: FlawObject = {"path": error.field or "", "message": error.text, "code": error.code}
    return HttpError(400, error.code, text, details={"errors": [flaw]})


async def register(call: Call) -> JSON[AccountObject]:
    """Make an account and sign in."""
    refuse_when_closed(call)
    try:
        body = await call.body(AccountBody)
        role = body.checked_role()
    except WireError as error:
        raise invalid("Invalid input data", error) from None
    if OpenRole(role) not in call.services.config.open_roles:
        raise HttpError(403, "role_not_open", f"Only an operator makes somebody a {role}")
    refuse_weak(body.password)
    await limit_attempts(call)
    new = NewUser(
        name=body.name,
        password_hash=await hash_password(call, body.password),
        username=body.username,
        email=body.email,
        avatar=body.avatar,
        role=role,
        class_name=body.class_,
        subject=body.subject,
    )
    try:
        user = await call.services.store.accounts.create(new)
    except Taken as taken:
        raise HttpError(400, f"{taken.field}_taken", _TAKEN[taken.field]) from None
    await open_session(call, user)
    return JSON(account_object(user), 201)


async def log_in(call: Call) -> JSON[AccountObject]:
    """Open a session and set its cookie."""
    try:
        body = await call.body(CredentialsBody)
    except WireError:
        body = CredentialsBody()
    if not body.username or not body.password:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Username and password are required")
    user = await check_login(call, body.username, body.password)
    if user is None:
        raise HttpError(401, "invalid_credentials", "Invalid credentials")
    await open_session(call, user)
    return JSON(account_object(user))


async def add_cookie(call: Call) -> JSON[AccountObject]:
    """Give a caller with a live `session_token` this dialect's cookie, for the same session."""
    await limit_attempts(call)
    found = await call.services.authenticator.find(TOKEN_COOKIE, call.cookies)
    if not isinstance(found, Session):
        raise NotSignedIn
    await call.services.guesses.leave(call.network)
    (token,) = call.cookies[TOKEN_COOKIE]
    value = call.services.authenticator.signed(token)
    give_cookie(call, COOKIE, value, time_left(found.due))
    return JSON(account_object(found.user), 201)


async def log_out(call: Call) -> JSON[MessageObject]:
    """End the session and close its connections."""
    await end_session(call)
    return JSON({"message": "Logged out successfully"})


async def show_me(call: Call) -> JSON[AccountObject]:
    """The caller's own account."""
    return JSON(account_object(call.user))


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/auth/register",
        "Make an account and sign in",
        register,
        {
            201: "the user; sets the cookie",
            400: (*WEAK_CODES, "username_taken", "email_taken"),
            403: ["registration_closed", "role_not_open"],
            429: ["too_many_attempts"],
            503: ["busy"],
        },
        body=AccountBody,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/login",
        "Open a session",
        log_in,
        {
            200: "the user; sets the cookie",
            401: ["invalid_credentials"],
            403: [DEACTIVATED],
            429: ["too_many_attempts"],
            503: ["busy"],
        },
        body=CredentialsBody,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/session",
        "Set the cookie `connect.sid` for the session of `/ws` in the cookie `session_token`",
        add_cookie,
        {
            201: "the user; sets the cookie",
            401: ["not_signed_in"],
            429: ["too_many_attempts"],
        },
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/auth/logout",
        "End the session; its connections close with 4001",
        log_out,
        {200: "ended"},
        open_to_all=True,
    ),
    Endpoint("GET", "/api/users/me", "Show the caller's account", show_me, {200: "the user"}),
)
