"""Signing in with an OpenID Connect provider.

See docs/operations/sign-in.md#sign-in-with-a-provider.

Guarantees: after a sign-in the browser always returns to the page, with a session or with a code
for the reason why there is none; a sign-in ends in the browser that began it, once; an account is
found by the provider's issuer and subject alone; failures are limited per network, like those of
logins. Must not know: how requests to a provider are made, how its responses are checked.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypedDict

import structlog
from attrs import evolve
from starlette.responses import RedirectResponse

from hub.http.responses import HttpError
from hub.identity.jwt_tokens import InvalidToken
from hub.identity.oidc.attempt import LIFETIME, Attempt
from hub.identity.oidc.fetching import NoAnswer
from hub.identity.oidc.newcomer import newcomer
from hub.identity.oidc.provider import CALLBACK, Provider, Refused
from hub.rest.endpoint import JSON, Call, Endpoint
from hub.rest.login import limit_attempts, open_session, require_active
from hub.rest.parameters import Text
from hub.rest.replies import unavailable
from hub.settings.choices import Registration
from persistence.interface import Identity
from persistence.records import Gone, StoreUnavailable, Taken
from protocol.dialects.private_messages.rest import REST
from protocol.errors import ErrorCode
from protocol.model import User

log = structlog.get_logger(__name__)

COOKIE: Final = "provider_sign_in"
PROBLEM: Final = "#sign-in="
"""Stands between the page's address and the code of an error."""
_SEE_OTHER: Final = 303
_HEADERS: Final = {"Cache-Control": "no-store"}

CODE: Final = Text("code", "the authorization code of the provider")
STATE: Final = Text("state", "the state of the sign-in")
ISSUER: Final = Text("iss", "the issuer identifier of the provider")
ERROR: Final = Text("error", "the provider's error, instead of a code")


class SignInObject(TypedDict):
    """The address at which this browser continues the sign-in."""

    url: str


async def begin(call: Call) -> JSON[SignInObject]:
    """Begin a sign-in: the browser goes to the provider."""
    provider = _provider(call)
    attempt, cookie = call.services.provider_sign_ins.begin(datetime.now(UTC))
    try:
        url = await provider.sign_in_url(attempt)
    except NoAnswer as error:
        log.warning("provider_not_reached", reason=str(error))
        raise HttpError(503, "provider_unavailable", "The provider cannot be reached") from None
    call.set_cookie(COOKIE, cookie, LIFETIME)
    return JSON({"url": url})


async def end(call: Call) -> RedirectResponse:
    """The browser comes back from the provider, and goes on to the page."""
    provider = _provider(call)
    page = call.services.config.public_url or "/"
    try:
        await _sign_in(call, provider)
    except HttpError as error:
        return RedirectResponse(f"{page}{PROBLEM}{error.code}", _SEE_OTHER, _HEADERS)
    except StoreUnavailable:
        return RedirectResponse(f"{page}{PROBLEM}{ErrorCode.UNAVAILABLE}", _SEE_OTHER, _HEADERS)
    return RedirectResponse(page, _SEE_OTHER, _HEADERS)


async def _sign_in(call: Call, provider: Provider) -> None:
    """Open a session for the user whom the provider has authenticated.

    Raises:
        HttpError: no session was opened.
    """
    await limit_attempts(call)
    attempt = _ended(call)
    call.expire_cookie(COOKIE)
    code = call.text(CODE)
    if call.text(ERROR) or not code:
        raise HttpError(403, "provider_refused", "The provider did not sign you in")
    try:
        claims = await provider.claims(code, call.text(ISSUER), attempt)
    except NoAnswer as error:
        log.warning("provider_not_reached", reason=str(error))
        raise HttpError(503, "provider_unavailable", "The provider cannot be reached") from None
    except Refused as error:
        log.warning("provider_refused", reason=str(error))
        raise HttpError(403, "provider_refused", "The provider did not sign you in") from None
    except InvalidToken as error:
        log.warning("provider_token_refused", reason=str(error))
        raise HttpError(403, "provider_invalid", "The provider's answer is not valid") from None
    identity = Identity(provider.issuer, str(claims["sub"]))
    user = await call.services.store.accounts.of_identity(identity)
    if user is None:
        user = await _register(call, identity, claims)
    else:
        await call.services.guesses.leave(call.network)
        require_active(user)
    try:
        await open_session(call, user, in_all=True)
    except Gone:
        raise HttpError(403, "account_gone", "This account was deleted") from None


def _ended(call: Call) -> Attempt:
    """The sign-in that this browser began and the request ends.

    Raises:
        HttpError: there is none.
    """
    cookies, state = call.cookies.get(COOKIE, ()), call.text(STATE)
    if len(cookies) == 1 and state:
        sign_ins = call.services.provider_sign_ins
        attempt = sign_ins.end(cookies[0], state, datetime.now(UTC))
        if attempt is not None:
            return attempt
    raise HttpError(403, "sign_in_expired", "This sign-in began in another browser, or is over")


async def _register(call: Call, identity: Identity, claims: Mapping[str, object]) -> User:
    """Make an account for a user who signs in for the first time; without their email address if
    another account has it.

    Raises:
        HttpError: the operator makes the accounts.
    """
    if call.services.config.registration is Registration.CLOSED:
        raise HttpError(403, "registration_closed", "New accounts are made by the operator")
    accounts, new = call.services.store.accounts, newcomer(identity, claims)
    for account in (new, evolve(new, email=None)):
        try:
            return await accounts.create(account)
        except Taken as taken:
            log.info("provider_account_differs", taken=taken.field)
    found = await accounts.of_identity(identity)  # the user signed in twice at the same time
    if found is None:
        raise unavailable()
    return found


def _provider(call: Call) -> Provider:
    """The provider.

    Raises:
        HttpError: there is none.
    """
    provider = call.services.provider
    if provider is None:
        raise HttpError(404, "no_provider", "There is no provider to sign in with")
    return provider


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/auth/provider",
        "Begin a sign-in with the provider",
        begin,
        {
            200: "the provider's address for the browser; sets a cookie",
            404: ["no_provider"],
            503: ["provider_unavailable"],
        },
        open_to_all=True,
    ),
    Endpoint(
        "GET",
        CALLBACK,
        "End a sign-in: the provider sends the browser here",
        end,
        {
            303: "a redirect to the page, with session cookies or `#sign-in=` and an error code",
            404: ["no_provider"],
        },
        parameters=(CODE, STATE, ISSUER, ERROR),
        open_to_all=True,
    ),
)
