"""Follows and blocks over REST.

Guarantees: a relation is only ever changed by the side it belongs to; a block is never named as the
reason of a refusal, and the blocked user's request to follow is refused as if there were no such
user; who follows whom is shown of profiles that the caller may see. Every list has a bound.
"""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from hub.rest.endpoint import JSON, Call, Endpoint, Handle, HttpError
from hub.rest.routes.private_messages.profiles import visible_user
from persistence.interface import MAX_RELATIONS
from persistence.records import NoSuchUser, Relation
from protocol.dialects.private_messages.rest import REST
from protocol.dialects.private_messages.shapes import user_object
from protocol.errors import ErrorCode
from protocol.model import MAX_ID, FollowStatus, UserId

_DONE: Final = {"status": "success"}
_NO_FOLLOW: Final = "none"
_MAX_PAGE: Final = 1_000_000


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
    return JSON({"status": _NO_FOLLOW})


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
    offset, limit = _page(call)
    relations = call.services.store.relations
    return _relations(await relations.followers(call.me, offset=offset, limit=limit))


async def following(call: Call) -> Response:
    """Whom I follow or asked to."""
    offset, limit = _page(call)
    relations = call.services.store.relations
    return _relations(await relations.following(call.me, offset=offset, limit=limit))


async def followers_of(call: Call) -> Response:
    """Who follows me, or a user."""
    user = await visible_user(call)
    offset, limit = _page(call)
    found = await call.services.store.relations.followers(
        user.id, status=FollowStatus.ACCEPTED, offset=offset, limit=limit
    )
    return JSON([user_object(each.user) for each in found])


async def following_of(call: Call) -> Response:
    """Whom I follow, or a user."""
    user = await visible_user(call)
    offset, limit = _page(call)
    found = await call.services.store.relations.following(
        user.id, status=FollowStatus.ACCEPTED, offset=offset, limit=limit
    )
    return JSON([user_object(each.user) for each in found])


async def counts_of(call: Call) -> Response:
    """How many followers I have, or a user, and how many are followed."""
    counts = await call.services.store.relations.counts((await visible_user(call)).id)
    return JSON({"followers": counts.followers, "following": counts.following})


async def follow_status(call: Call) -> Response:
    """Whether I follow a user or asked to."""
    user_id = call.user_id()
    if await call.services.store.accounts.get(user_id) is None:
        raise _unknown_user()
    status = await call.services.store.relations.follow_status(call.me, user_id)
    shown = _NO_FOLLOW if status is None else status.value
    return JSON({"status": shown, "is_self": user_id == call.me})


async def accept_message_request(call: Call) -> Response:
    """Accept that somebody who wrote to me goes on: they become a follower of mine."""
    if not call.request.query_params.get("requester_id"):
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Missing requester_id")
    requester = call.number("requester_id", 0, 1, MAX_ID)
    if not requester:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid requester_id")
    relations = call.services.store.relations
    if not await relations.accept_message_request(call.me, UserId(requester)):
        raise HttpError(404, "no_request", "This user's messages are no request")
    return JSON({"success": True})


async def unread_notifications(call: Call) -> Response:
    """How many requests to follow me wait for an answer."""
    counts = await call.services.store.relations.counts(call.me)
    return JSON({"count": counts.requests})


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


def _page(call: Call) -> tuple[int, int]:
    """How many to skip, and how many to show."""
    limit = call.number("limit", MAX_RELATIONS, 1, MAX_RELATIONS)
    return (call.number("page", 1, 1, _MAX_PAGE) - 1) * limit, limit


def _relations(relations: Sequence[Relation]) -> Response:
    return JSON(
        [{"user": user_object(each.user), "status": each.status.value} for each in relations]
    )


def _unknown_user() -> HttpError:
    return HttpError(404, "user_not_found", "User not found")


_PAGED: Final = ("page", "limit")


def _of_user(
    word: str, summary: str, handle: Handle, query: tuple[str, ...] = ()
) -> tuple[Endpoint, ...]:
    """A call about oneself, and the same about a user whose profile one may see."""
    own = Endpoint("GET", f"/api/users/{word}", summary, handle, {200: "it"}, query=query)
    answers = {200: "it", 400: "no user id", 403: "private", 404: "unknown"}
    of_user = f"/api/users/{{user_id}}/{word}"
    return own, Endpoint("GET", of_user, summary, handle, answers, query=query)


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/users/{user_id}/follow",
        "Ask to follow a user; a public profile accepts at once",
        follow,
        {200: "pending or accepted", 400: "oneself", 404: "unknown user"},
    ),
    *(
        Endpoint(
            "DELETE",
            f"/api/users/{{user_id}}/{word}",
            "Stop following, or withdraw the request",
            unfollow,
            {200: "none", 404: "not following"},
        )
        for word in ("follow", "follow-request")
    ),
    Endpoint(
        "GET",
        "/api/users/{user_id}/follow-status",
        "Whether I follow a user or asked to",
        follow_status,
        {200: "none, pending or accepted", 400: "no user id", 404: "unknown user"},
    ),
    *_of_user("followers", "Who follows me, or a user whom I may message", followers_of, _PAGED),
    *_of_user("following", "Whom I follow, or a user whom I may message", following_of, _PAGED),
    *_of_user("counts", "How many follow me, or a user, and how many are followed", counts_of),
    Endpoint(
        "POST",
        "/api/users/accept-message-request",
        "Accept that somebody who wrote to me goes on",
        accept_message_request,
        {200: "done", 400: "malformed", 404: "no request"},
        query=("requester_id",),
    ),
    Endpoint(
        "GET",
        "/api/notifications/unread-count",
        "How many requests to follow me wait for an answer",
        unread_notifications,
        {200: "a count"},
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
    *(
        Endpoint("GET", path, summary, handle, {200: "a list"}, query=_PAGED)
        for path, summary, handle in (
            ("/api/followers", "Who follows me or asks to", followers),
            ("/api/following", "Whom I follow or asked to", following),
        )
    ),
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
