"""The log lines of one user, as they are written. See docs/dialects/admin.md.

Guarantees: a follower gets the lines of that user alone, and only as long as it reads; lines that
it does not read in time are dropped and counted. Must not know: how lines are written.
"""

import json
from functools import partial
from typing import Final

import trio

from hub.admin.actions import NO_USER
from hub.http.responses import JsonLines, Put
from hub.rest.endpoint import Call, HttpError
from hub.rest.parameters import Text
from hub.rest.routes.admin.gate import GATED, AdminEndpoint, actions_of, operator_of
from hub.settings.log_tap import tap
from protocol.admin import ADMIN
from protocol.model import UserId

BEAT_SECONDS: Final = 15.0
MAX_TRACES: Final = 8  # at a time: while there is one, lines of every level are made for all users
USER: Final = Text("user", "the username", is_required=True)


async def trace(call: Call) -> JsonLines:
    """Send the log lines of a user from now on."""
    user = await actions_of(call).find(call.text(USER) or "")
    if sum(map(len, tap.values())) >= MAX_TRACES:
        raise HttpError(503, "busy", f"{MAX_TRACES} users are followed already")
    await call.services.store.audit.note(operator_of(call).does("trace"), user)
    operator_of(call).has_done("trace", user.id)
    return JsonLines(partial(_follow, user.id))


async def _follow(user_id: UserId, put: Put) -> None:
    with tap.follow(user_id) as follower:
        await put(b"")  # begins the response, now that lines are followed
        while True:
            line = b""
            with trio.move_on_after(BEAT_SECONDS):
                try:
                    line = json.dumps(await anext(follower)).encode()
                except StopAsyncIteration:
                    return
            await put(line + b"\n")


SURFACE: Final = ADMIN
ENDPOINTS: Final = (
    AdminEndpoint(
        "GET",
        "/admin/trace",
        "Stream the log lines of a user, from now on",
        trace,
        {
            **GATED,
            200: "one JSON object per line; an empty line when none was written for a while",
            404: [NO_USER, *GATED[404]],
            503: ["busy"],
        },
        parameters=(USER,),
    ),
)
