"""Follows and blocks over REST.

Guarantees: a relation is only ever changed by the side it belongs to; a block is never named as the
reason of a refusal, and the blocked user's request to follow is refused as if there were no such
user.
"""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from persistence.records import NoSuchUser, Relation
from protocol.dialects.private_messages.rest import REST
from protocol.dialects.private_messages.shapes import user_object

_DONE: Final = {"status": "success"}


async def follow(call: Call) -> Response:
    """Ask to follow a user; a public profile accepts at once."""
    try:
        status = await call.services.store.relations.request_follow(call.me, call.user_id())
    except ValueError:
        raise HttpError(400, "not_oneself", "You cannot follow yourself") from None
    if status is None:
        raise _unknown_user()
    return JSON({"status": status.value})


async def unfollow(call: Call) -> Response:
    """Withdraw a request or stop following."""
    if not await call.services.store.relations.remove_follow(call.me, call.user_id()):
        raise HttpError(404, "not_following", "You do not follow this user")
    return JSON(_DONE)


async def accept_follower(call: Call) -> Response:
    """Accept a user's request to follow me."""
    if not await call.services.store.relations.accept_follow(call.me, call.user_id()):
        raise HttpError(404, "no_request", "This user has not asked to follow you")
    return JSON(_DONE)


async def remove_follower(call: Call) -> Response:
    """Refuse a request, or end a follow of mine."""
    if not await call.services.store.relations.remove_follow(call.user_id(), call.me):
        raise HttpError(404, "no_follower", "This user does not follow you")
    return JSON(_DONE)


async def followers(call: Call) -> Response:
    """Who follows me or asks to."""
    return _relations(await call.services.store.relations.followers(call.me))


async def following(call: Call) -> Response:
    """Whom I follow or asked to."""
    return _relations(await call.services.store.relations.following(call.me))


async def block(call: Call) -> Response:
    """Block a user; follows between us end."""
    try:
        await call.services.store.relations.block(call.me, call.user_id())
    except ValueError:
        raise HttpError(400, "not_oneself", "You cannot block yourself") from None
    except NoSuchUser:
        raise _unknown_user() from None
    return JSON(_DONE)


async def unblock(call: Call) -> Response:
    """Take a block back."""
    if not await call.services.store.relations.unblock(call.me, call.user_id()):
        raise HttpError(404, "not_blocked", "You do not block this user")
    return JSON(_DONE)


async def blocks(call: Call) -> Response:
    """Whom I block."""
    users = await call.services.store.relations.blocked(call.me)
    return JSON([user_object(user) for user in users])


def _relations(relations: Sequence[Relation]) -> Response:
    return JSON(
        [{"user": user_object(each.user), "status": each.status.value} for each in relations]
    )


def _unknown_user() -> HttpError:
    return HttpError(404, "user_not_found", "User not found")


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/users/{user_id}/follow",
        "Ask to follow a user; a public profile accepts at once",
        follow,
        {200: "pending or accepted", 400: "oneself", 404: "unknown user"},
    ),
    Endpoint(
        "DELETE",
        "/api/users/{user_id}/follow",
        "Stop following, or withdraw the request",
        unfollow,
        {200: "done", 404: "not following"},
    ),
    Endpoint(
        "POST",
        "/api/followers/{user_id}/accept",
        "Accept a request to follow me",
        accept_follower,
        {200: "done", 404: "no request"},
    ),
    Endpoint(
        "DELETE",
        "/api/followers/{user_id}",
        "Refuse a request, or remove a follower",
        remove_follower,
        {200: "done", 404: "no follower"},
    ),
    Endpoint("GET", "/api/followers", "Who follows me or asks to", followers, {200: "a list"}),
    Endpoint("GET", "/api/following", "Whom I follow or asked to", following, {200: "a list"}),
    Endpoint(
        "POST",
        "/api/users/{user_id}/block",
        "Block a user; follows between us end",
        block,
        {200: "done", 400: "oneself", 404: "unknown user"},
    ),
    Endpoint(
        "DELETE",
        "/api/users/{user_id}/block",
        "Take a block back",
        unblock,
        {200: "done", 404: "not blocked"},
    ),
    Endpoint("GET", "/api/blocks", "Whom I block", blocks, {200: "a list"}),
)
