"""Who is an operator: whoever came in by the admin socket, or has the token.

Guarantees: without the setting `admin_token` there is nothing here for HTTP. Must not know: any
call.
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
"""What every such call may be answered, beside 401: without the setting, and after guesses."""


@frozen(eq=False)
class AdminEndpoint(Endpoint):
    """A call that is an operator's."""

    async def respond(self, call: Call, until_sent: AsyncExitStack) -> Response:
        """Find out whether an operator asks, and handle the request.

        Raises:
            HttpError: 401, 404 and 429; and what the handler raises.
        """
        del until_sent
        call.request.scope[OPERATOR] = _recognized(call)
        return await self.handle(call)


def operator_of(call: Call) -> Operator:
    """Who makes an operator's call."""
    operator: Operator = call.request.scope[OPERATOR]
    return operator


def actions_of(call: Call) -> StoredActions:
    """What they may do to what is stored."""
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
