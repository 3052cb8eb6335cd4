"""Follows and blocks over REST.

Guarantees: a caller changes only relations of their own; a block is never named as the reason of a
refusal, and the blocked user's request to follow is refused as if there were no such user; follows
are shown only of users whose profile the caller may see. Every list has a bound.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

from attrs import evolve

from hub.limits.quotas import Kind
from hub.rest.endpoint import JSON, Call, Endpoint, Handle, HttpError
from hub.rest.parameters import Cursor, Number, Parameter
from hub.rest.replies import NO_USER
from hub.rest.routes.private_messages.profiles import as_shown_to, visible_user
from persistence.interface import MAX_RELATIONS
from persistence.records import NoSuchUser, Place, Relation, Side
from protocol.dialects.private_messages.rest import REST
from protocol.dialects.private_messages.shapes import DONE, DoneObject, UserObject, user_object
from protocol.errors import ErrorCode
from protocol.model import FollowStatus, UserId

_NO_FOLLOW: Final = "none"
_MAX_PAGE: Final = 1_000_000

PAGE: Final = Number("page", "the number of the page, from 1", 1, 1, _MAX_PAGE)
LIMIT: Final = Number(
    "limit",
    "the maximum number of users on a page",
    MAX_RELATIONS,
    1,
    MAX_RELATIONS,
    larger=MAX_RELATIONS,
)
CURSOR: Final = Cursor((int, int))
REQUESTER: Final = Number(
    "requester_id",
    "the user id of the author of the message request",
    0,
    1,
    is_required=True,
    refusal="Invalid requester_id",
)


class FollowObject(TypedDict):
    """How far a request to follow has come; `none`: there is none."""

    status: FollowStatus | Literal["none"]


class FollowStateObject(FollowObject):
    """The state of a request to follow a user; `is_self`: the user is the caller."""

    is_self: bool


class CountsObject(TypedDict):
    """How many follow a user, and how many the user follows."""

    followers: int
    following: int


class CountObject(TypedDict):
    """How many requests to follow wait for a decision."""

    count: int


class SuccessObject(TypedDict):
    """The call was carried out; there is nothing to show."""

    success: Literal[True]


class RelationObject(TypedDict):
    """A follow, and the user on its other side."""

    user: UserObject
    status: FollowStatus


async def follow(call: Call) -> JSON[FollowObject]:
    """Ask to follow a user; a public profile accepts at once."""
    try:
        status = await call.services.store.relations.request_follow(call.me, call.user_id())
    except ValueError:
        raise HttpError(400, "not_oneself", "You cannot follow yourself") from None
    if status is None:
        raise NO_USER.error()
    return JSON({"status": status})


async def unfollow(call: Call) -> JSON[FollowObject]:
    """Withdraw a request or stop following."""
    if not await call.services.store.relations.remove_follow(call.me, call.user_id()):
        raise HttpError(404, "not_following", "You do not follow this user")
    return JSON({"status": _NO_FOLLOW})


async def accept_follower(call: Call) -> JSON[DoneObject]:
    """Accept a user's request to follow me."""
    if not await call.services.store.relations.accept_follow(call.me, call.user_id()):
        raise HttpError(404, "no_request", "This user has not asked to follow you")
    return JSON(DONE)


async def remove_follower(call: Call) -> JSON[DoneObject]:
    """Refuse a request to follow me, or remove a follower."""
    if not await call.services.store.relations.remove_follow(call.user_id(), call.me):
        raise HttpError(404, "no_follower", "This user does not follow you")
    return JSON(DONE)


async def followers(call: Call) -> JSON[list[RelationObject]]:
    """The users who follow me or have asked to."""
    return await _relations(call, Side.FOLLOWERS)


async def following(call: Call) -> JSON[list[RelationObject]]:
    """The users whom I follow or have asked to follow."""
    return await _relations(call, Side.FOLLOWING)


async def followers_of(call: Call) -> JSON[list[UserObject]]:
    """The followers of the user in the path, or of me."""
    return await _people(call, Side.FOLLOWERS)


async def following_of(call: Call) -> JSON[list[UserObject]]:
    """The users whom the user in the path follows, or I do."""
    return await _people(call, Side.FOLLOWING)


async def counts_of(call: Call) -> JSON[CountsObject]:
    """How many followers the user in the path has, or I have, and how many users are followed."""
    counts = await call.services.store.relations.counts((await visible_user(call)).id)
    return JSON({"followers": counts.followers, "following": counts.following})


async def follow_status(call: Call) -> JSON[FollowStateObject]:
    """Whether I follow a user or asked to."""
    user_id = call.user_id()
    user = await call.services.store.accounts.get(user_id)
    if user is None or await as_shown_to(call, user) is None:
        raise NO_USER.error()
    status = await call.services.store.relations.follow_status(call.me, user_id)
    return JSON({"status": status or _NO_FOLLOW, "is_self": user_id == call.me})


async def accept_message_request(call: Call) -> JSON[SuccessObject]:
    """Accept the message request of a user: they become a follower of mine."""
    requester = call.optional(REQUESTER)
    if requester is None:
        raise HttpError(400, ErrorCode.INVALID_FIELD, "Missing requester_id")
    relations = call.services.store.relations
    if not await relations.accept_message_request(call.me, UserId(requester)):
        raise HttpError(404, "no_request", "This user's messages are no request")
    return JSON({"success": True})


async def unread_notifications(call: Call) -> JSON[CountObject]:
    """How many requests to follow me wait for my decision."""
    counts = await call.services.store.relations.counts(call.me)
    return JSON({"count": counts.requests})


async def block(call: Call) -> JSON[DoneObject]:
    """Block a user; follows between us end."""
    try:
        await call.services.store.relations.block(call.me, call.user_id())
    except ValueError:
        raise HttpError(400, "not_oneself", "You cannot block yourself") from None
    except NoSuchUser:
        raise NO_USER.error() from None
    return JSON(DONE)


async def unblock(call: Call) -> JSON[DoneObject]:
    """Take a block back."""
    if not await call.services.store.relations.unblock(call.me, call.user_id()):
        raise HttpError(404, "not_blocked", "You do not block this user")
    return JSON(DONE)


async def blocks(call: Call) -> JSON[list[UserObject]]:
    """The users whom I block; only their names and pictures, because they may block me too."""
    users = await call.services.store.relations.blocked(call.me)
    return JSON([user_object(evolve(user, nickname=None, about_me=None)) for user in users])


async def _page(
    call: Call, user_id: UserId, side: Side, status: FollowStatus | None
) -> tuple[Sequence[Relation], Mapping[str, str]]:
    """The page of a user's follows that is asked for, and the header that leads to the next."""
    limit = call.number(LIMIT)
    found = await call.services.store.relations.related(
        user_id,
        side,
        status=status,
        before=_place(call),
        offset=(call.number(PAGE) - 1) * limit,
        limit=limit,
    )
    return found, call.next_page(
        CURSOR, CURSOR.text(*found[-1].place) if len(found) == limit else None
    )


def _place(call: Call) -> Place | None:
    match call.cursor(CURSOR):
        case (int() as made, int() as user_id):
            return made, UserId(user_id)
        case _:
            return None


async def _relations(call: Call, side: Side) -> JSON[list[RelationObject]]:
    found, more = await _page(call, call.me, side, None)
    shown: list[RelationObject] = [
        {"user": user_object(each.user), "status": each.status} for each in found
    ]
    return JSON(shown, headers=more)


async def _people(call: Call, side: Side) -> JSON[list[UserObject]]:
    user = await visible_user(call)
    found, more = await _page(call, user.id, side, FollowStatus.ACCEPTED)
    return JSON([user_object(each.user) for each in found], headers=more)


_PAGED: Final = (PAGE, LIMIT, CURSOR)
_ONESELF: Final = ("not_oneself", ErrorCode.INVALID_FIELD)
_NO_ID: Final = (ErrorCode.INVALID_FIELD,)
_NO_USER: Final = ("user_not_found",)


def _of_user(
    word: str, summary: str, shown: str, handle: Handle, parameters: tuple[Parameter, ...] = ()
) -> tuple[Endpoint, ...]:
    """A call about the caller, and the same about a user whose profile the caller may see.
    `summary`: the text before the user.
    """
    of_caller, of_user = f"{summary} the caller", f"{summary} a user"
    own = f"/api/users/{word}"
    path = f"/api/users/{{user_id}}/{word}"
    answers = {200: shown, 400: _NO_ID, 403: [ErrorCode.NOT_ALLOWED], 404: _NO_USER}
    return (
        Endpoint("GET", own, of_caller, handle, {200: shown}, parameters=parameters),
        Endpoint("GET", path, of_user, handle, answers, parameters=parameters),
    )


_RELATION: Final = (Kind.RELATIONS,)

SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "POST",
        "/api/users/{user_id}/follow",
        "Request to follow a user; a public profile accepts at once",
        follow,
        {200: "the status: pending or accepted", 400: _ONESELF, 404: ["user_not_found"]},
        costs=_RELATION,
    ),
    *(
        Endpoint(
            "DELETE",
            f"/api/users/{{user_id}}/{word}",
            "Stop following a user, or withdraw the request",
            unfollow,
            {200: "the status: none", 400: _NO_ID, 404: ["not_following"]},
            costs=_RELATION,
        )
        for word in ("follow", "follow-request")
    ),
    Endpoint(
        "GET",
        "/api/users/{user_id}/follow-status",
        "Show whether the caller follows a user, or has requested it",
        follow_status,
        {200: "the status: none, pending or accepted", 400: _NO_ID, 404: _NO_USER},
    ),
    *_of_user("followers", "List the followers of", "a list", followers_of, _PAGED),
    *_of_user("following", "List the users followed by", "a list", following_of, _PAGED),
    *_of_user("counts", "Count the followers and followed users of", "the counts", counts_of),
    Endpoint(
        "POST",
        "/api/users/accept-message-request",
        "Accept a message request; its author becomes a follower of the caller",
        accept_message_request,
        {200: "done", 400: _NO_ID, 404: ["no_request"]},
        parameters=(REQUESTER,),
        costs=_RELATION,
    ),
    Endpoint(
        "GET",
        "/api/notifications/unread-count",
        "Count the pending requests to follow the caller",
        unread_notifications,
        {200: "the count"},
    ),
    Endpoint(
        "POST",
        "/api/followers/{user_id}/accept",
        "Accept a request to follow the caller",
        accept_follower,
        {200: "done", 400: _NO_ID, 404: ["no_request"]},
        costs=_RELATION,
    ),
    Endpoint(
        "DELETE",
        "/api/followers/{user_id}",
        "Refuse a request to follow the caller, or remove a follower",
        remove_follower,
        {200: "done", 400: _NO_ID, 404: ["no_follower"]},
        costs=_RELATION,
    ),
    *(
        Endpoint("GET", path, summary, handle, {200: "a list"}, parameters=_PAGED)
        for path, summary, handle in (
            (
                "/api/followers",
                "List the users that follow the caller or have requested it",
                followers,
            ),
            (
                "/api/following",
                "List the users that the caller follows or has requested to follow",
                following,
            ),
        )
    ),
    Endpoint(
        "POST",
        "/api/users/{user_id}/block",
        "Block a user; follows between the two end",
        block,
        {200: "done", 400: _ONESELF, 404: ["user_not_found"]},
        costs=_RELATION,
    ),
    Endpoint(
        "DELETE",
        "/api/users/{user_id}/block",
        "Unblock a user",
        unblock,
        {200: "done", 400: _NO_ID, 404: ["not_blocked"]},
        costs=_RELATION,
    ),
    Endpoint(
        "GET", "/api/blocks", "List the users that the caller blocks", blocks, {200: "a list"}
    ),
)
