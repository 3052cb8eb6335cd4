"""Who is an operator: whoever came in by the admin socket, or has the token.

Guarantees: without the setting `admin_token` there is nothing here for HTTP; a token is compared in
constant time, and guesses of it are limited like those of passwords. Must not know: any call.
"""

import hmac
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

import trio
from attrs import frozen
from starlette.responses import Response

from hub.admin.actions import StoredActions
from hub.admin.operator import OPERATOR, Operator
from hub.rest.endpoint import Call, Endpoint, HttpError
from hub.rest.login import too_many
from hub.rest.selection import bearer_token
from hub.settings.redaction import revealed
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
    return StoredActions(call.services.store, call.services.passwords, operator_of(call))


def _recognized(call: Call) -> Operator:
    known: Operator | None = call.request.scope.get(OPERATOR)
    if known is not None:
        return known
    token = revealed(call.services.config.admin_token)
    if token is None:
        raise HttpError(404, "not_found", "Not Found")
    given = bearer_token(call.request)
    if not given:
        raise _unauthorized()
    attempts, now = call.services.admin_attempts, trio.current_time()
    if not attempts.take(call.network, now):
        raise too_many(attempts.retry_after(call.network, now))
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise _unauthorized()
    attempts.give_back(call.network)
    return Operator(Way.HTTP, call.network)


def _unauthorized() -> HttpError:
    return HttpError(401, "unauthorized", "Unauthorized", {"WWW-Authenticate": "Bearer"})
