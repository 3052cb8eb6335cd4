"""The caller's account over REST: change the password or email address, delete it, see its limits.

See docs/dialects/README.md#ones-account.

Guarantees: each change needs the password, and guesses of it count like logins; a new password
ends every other session; a new address is set only after it was proved, if the operator has a
program that sends the link for that; with an account, what belongs to it is deleted, and its
connections are closed. Must not know: how a session is found.
"""

from typing import Final, Literal, TypedDict

import trio

from hub.identity.address_hook import HookFailed
from hub.identity.cookies import COOKIES, new_token, token_hash
from hub.limits.quotas import Balance, Kind
from hub.rest.endpoint import JSON, Call, Endpoint, HttpError, NotSignedIn
from hub.rest.login import WEAK_CODES, hash_password, is_own_password, refuse_weak
from hub.services.people.deletion import OwnsWorkspaces, delete_account
from persistence.records import NoSuchUser, Taken
from protocol.dialects.learning_chat.rest import REST as LEARNING_PLATFORM
from protocol.dialects.private_messages.rest import (
    REST as PRIVATE_MESSAGES,
)
from protocol.dialects.private_messages.rest import (
    ConfirmBody,
    EmailBody,
    PasswordBody,
    TicketBody,
    check_email,
)
from protocol.dialects.private_messages.shapes import DONE, DoneObject

ADDRESS_SECONDS: Final = 3_600.0
"""How long a new email address can be proved."""


class AddressObject(TypedDict):
    """Whether a new address is set, or will be once the link that was sent to it is opened."""

    status: Literal["success", "pending"]


class LimitObject(TypedDict):
    """How often the caller may do something: `limit` times in `seconds`, or `limit` at a time if
    that is null; `left`: how often still.
    """

    kind: Kind
    limit: int
    seconds: int | None
    left: int


async def change_password(call: Call) -> JSON[DoneObject]:
    """Set another password; the other sessions end."""
    body = await call.body(PasswordBody)
    refuse_weak(body.new_password)
    await _confirm(call, body.current_password)
    password_hash = await hash_password(call, body.new_password)
    accounts = call.services.store.accounts
    await accounts.set_password(call.me, password_hash, keep=call.session.id)
    call.services.authenticator.forget(call.me)
    return JSON(DONE)


async def change_email(call: Call) -> JSON[AddressObject]:
    """Set another email address, by which the caller logs in from then on, or send a link to it."""
    body = await call.body(EmailBody)
    check_email("email", body.email)
    await _confirm(call, body.current_password)
    services = call.services
    if services.address_hook is None:
        await _set_email(call, body.email)
        return JSON({"status": "success"})
    ticket = new_token()
    await services.store.accounts.propose_email(
        call.me, body.email, token_hash(ticket), seconds=ADDRESS_SECONDS
    )
    about = {
        "username": call.user.username,
        "name": call.user.name,
        "seconds": round(ADDRESS_SECONDS),
    }
    try:
        await services.address_hook.send(body.email, ticket, about)
    except HookFailed:
        raise HttpError(503, "not_sent", "The link cannot be sent now, please try again") from None
    return JSON({"status": "pending"}, 202)


async def confirm_email(call: Call) -> JSON[DoneObject]:
    """Set the address to which this link was sent for the caller."""
    body = await call.body(TicketBody)
    accounts = call.services.store.accounts
    email = await accounts.take_proposed_email(call.me, token_hash(body.ticket))
    if email is None:
        raise HttpError(404, "link_ended", "This link was used, is too old, or somebody else's")
    await _set_email(call, email)
    return JSON(DONE)


async def _set_email(call: Call, email: str) -> None:
    try:
        await call.services.store.accounts.change_email(call.me, email)
    except Taken:
        raise HttpError(409, "email_taken", "This email has an account already") from None
    call.services.authenticator.forget(call.me)


async def delete(call: Call) -> JSON[DoneObject]:
    """Delete the account and what belongs to it, with or without its messages."""
    body = await call.body(ConfirmBody)
    fate = body.fate
    await _confirm(call, body.current_password)
    try:
        await delete_account(call.services.store, call.me, fate)
    except OwnsWorkspaces:
        text = "You own a workspace that others are members of"
        raise HttpError(409, "owns_workspace", text) from None
    except NoSuchUser:
        raise NotSignedIn from None
    call.services.authenticator.forget(call.me)
    await call.services.hub.end_users([call.me])
    for cookie in COOKIES:
        if cookie in call.cookies:
            call.expire_cookie(cookie)
    return JSON(DONE)


async def limits(call: Call) -> JSON[list[LimitObject]]:
    """The caller's allowances, and how much of each is left."""
    balances = call.services.quotas.of(call.me).balances(trio.current_time())
    return JSON([_limit_object(each) for each in balances])


def _limit_object(balance: Balance) -> LimitObject:
    return {
        "kind": balance.kind,
        "limit": balance.allowance.limit,
        "seconds": balance.allowance.seconds,
        "left": balance.left,
    }


async def _confirm(call: Call, password: str) -> None:
    """Require the caller's password.

    Raises:
        HttpError: 403 when it is wrong, 429 and 503 as for a login.
    """
    if not await is_own_password(call, password):
        raise HttpError(403, "invalid_credentials", "The current password is wrong")


_CONFIRMED: Final = {
    200: "done",
    403: ["invalid_credentials"],
    429: ["too_many_attempts"],
    503: ["busy"],
}

SURFACE: Final = PRIVATE_MESSAGES
ALSO_FOR: Final = (LEARNING_PLATFORM,)
ENDPOINTS: Final = (
    *(
        Endpoint(
            method,
            "/api/users/change-password",
            "Change the caller's password; the other sessions end",
            change_password,
            {**_CONFIRMED, 400: WEAK_CODES},
            body=PasswordBody,
        )
        for method in ("PUT", "POST")
    ),
    Endpoint(
        "PUT",
        "/api/users/me/email",
        "Change the caller's email address",
        change_email,
        {
            **_CONFIRMED,
            202: "a link was sent to the new address",
            409: ["email_taken"],
            503: ["busy", "not_sent"],
        },
        body=EmailBody,
        costs=(Kind.ADDRESSES,),
    ),
    Endpoint(
        "POST",
        "/api/users/me/email/confirm",
        "Confirm the new email address with the ticket that was sent to it",
        confirm_email,
        {200: "done", 404: ["link_ended"], 409: ["email_taken"]},
        body=TicketBody,
    ),
    Endpoint(
        "DELETE",
        "/api/users/me",
        "Delete the caller's account; its connections close with 4001",
        delete,
        {**_CONFIRMED, 409: ["owns_workspace"]},
        body=ConfirmBody,
    ),
    Endpoint(
        "GET",
        "/api/users/me/limits",
        "List the caller's limits, and how much of each is left",
        limits,
        {200: "the limits, one for each kind of action"},
    ),
)
