"""Recognizes operators: by the admin socket that a request came through, or by the admin token.

Guarantees: without the setting `admin_token`, a request that did not come through that socket gets
404. Must not know: any call.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from attrs import frozen
from starlette.responses import Response

from hub.admin.actions import StoredActions
from hub.admin.operator import OPERATOR, Operator
from hub.admin.token import Throttled, is_admin_token
from hub.rest.endpoint import Call, Endpoint, HttpError
from hub.rest.login import too_many
from hub.rest.selection import bearer_token
from persistence.interface import Way

GATED: Final[Mapping[int, Sequence[str]]] = {404: ["not_found"], 429: ["too_many_attempts"]}
"""The errors of every such call beside 401: without the setting, and after too many guesses."""


@frozen(eq=False)
class AdminEndpoint(Endpoint):
    """A call for operators alone."""

    async def respond(self, call: Call, until_sent: AsyncExitStack) -> Response:
        """Check that an operator makes the call, and handle it.

        Raises:
            HttpError: 401, 404 and 429; and what the handler raises.
        """
        del until_sent
        call.request.scope[OPERATOR] = _recognized(call)
        return await self.handle(call)


def operator_of(call: Call) -> Operator:
    """The operator who makes the call."""
    operator: Operator = call.request.scope[OPERATOR]
    return operator


def actions_of(call: Call) -> StoredActions:
    """The actions of the call's operator on the store."""
    services = call.services
    files = services.files
    return StoredActions(services.store, services.passwords, operator_of(call), files.files, files)


def _recognized(call: Call) -> Operator:
    known: Operator | None = call.request.scope.get(OPERATOR)
    if known is not None:
        return known
    token = call.services.config.admin_token
    if token is None:
        raise HttpError(404, "not_found", "Not Found")
    given = bearer_token(call.request)
    if not given:
        raise _unauthorized()
    try:
        is_right = is_admin_token(call.services, token, given, call.network)
    except Throttled as refusal:
        raise too_many(refusal.seconds) from None
    if not is_right:
        raise _unauthorized()
    return Operator(Way.HTTP, call.network)


def _unauthorized() -> HttpError:
    text = "This needs the admin token"
    return HttpError(401, "unauthorized", text, {"WWW-Authenticate": "Bearer"})
