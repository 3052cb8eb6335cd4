"""Profiles over REST: the caller's own, and those of others.

See docs/dialects/private_messages.md#rest.

Guarantees: a caller sees the profiles of users whom they may message, so private ones only with an
accepted follow, and none across a block; the response for a user who blocks the caller is as if
there were no such user; a caller sees only the name and the picture of a private profile whose user
they may not message. Must not know: how relations come about.
"""

from datetime import UTC, datetime
from typing import Final

from attrs import evolve

from hub.rest.endpoint import JSON, Call, Endpoint, HttpError
from hub.rest.parameters import Number, Text
from hub.rest.replies import NO_USER
from persistence.records import ProfileChange
from protocol.dialects.private_messages.rest import REST, ProfileBody
from protocol.dialects.private_messages.shapes import (
    OwnUserObject,
    UserObject,
    own_user_object,
    user_object,
)
from protocol.errors import ErrorCode
from protocol.model import MAX_ID, User, UserId
from protocol.parsing.content import is_storable

SUGGESTED: Final = 20
MAX_PEOPLE: Final = 100

FEW: Final = Number(
    "limit",
    f"the maximum number of users; by default {SUGGESTED}",
    SUGGESTED,
    1,
    MAX_PEOPLE,
    larger=MAX_PEOPLE,
)
PAGE: Final = Number(
    "limit",
    f"the maximum number of users; by default {MAX_PEOPLE}",
    MAX_PEOPLE,
    1,
    MAX_PEOPLE,
    larger=MAX_PEOPLE,
)
NAME: Final = Text("name", "a text that the name or the username contains, in upper or lower case")
BEFORE: Final = Number(
    "before", "only users whose account is older than the one with this id", MAX_ID, 1
)


async def visible_user(call: Call) -> User:
    """The user in the path, whose profile the caller may see; without one, the caller.

    Raises:
        HttpError: 404 when there is no such user, or a block between the two; 403 when the profile
            is private.
    """
    user_id = call.user_id() if "user_id" in call.request.path_params else call.me
    if user_id == call.me:
        return call.user
    store = call.services.store
    user = await store.accounts.get(user_id)
    (permit,) = await store.relations.may_message([(call.me, user_id)])
    if user is not None and permit.allowed:
        return user
    view = await store.relations.conversation_view(call.me, user_id)
    if user is None or user.is_public or view.is_hidden:
        raise NO_USER.error()
    raise HttpError(403, ErrorCode.NOT_ALLOWED, "Profile is private")


async def as_shown_to(call: Call, user: User) -> User | None:
    """A user as the caller may see them by id or name: of a private profile what is needed to ask
    to follow it; None for a user who blocks the caller.
    """
    if user.id == call.me:
        return user
    relations = call.services.store.relations
    view = await relations.conversation_view(call.me, user.id)
    if view.is_hidden:
        return None
    (permit,) = await relations.may_message([(call.me, user.id)])
    if user.is_public or permit.allowed:
        return user
    return evolve(user, nickname=None, about_me=None)


async def show(call: Call) -> JSON[OwnUserObject | UserObject]:
    """The caller's profile, or that of another user, which has fewer fields."""
    user = await visible_user(call)
    return JSON(own_user_object(user) if user.id == call.me else user_object(user))


async def change(call: Call) -> JSON[OwnUserObject]:
    """Change the caller's profile."""
    given = await call.json_object()
    changes = (await call.body(ProfileBody)).changes(given, datetime.now(UTC).date())
    first = changes.get("first_name", call.user.first_name)
    last = changes.get("last_name", call.user.last_name)
    name = f"{first} {last}".strip()
    if name and (first, last) != (call.user.first_name, call.user.last_name):
        changes["name"] = name
    user = await call.services.store.accounts.change_profile(call.me, ProfileChange(**changes))
    call.services.authenticator.forget(call.me)
    return JSON(own_user_object(user))


async def suggested(call: Call) -> JSON[list[UserObject]]:
    """A few of the users whom the caller may message."""
    return await _reachable(call, "", FEW)


async def everybody(call: Call) -> JSON[list[UserObject]]:
    """A page of the users whom the caller may message, of those whose name contains `name`."""
    text = call.text(NAME) or ""
    if not is_storable(text):
        return JSON([])
    return await _reachable(call, text, PAGE)


async def _reachable(call: Call, text: str, limit: Number) -> JSON[list[UserObject]]:
    before = UserId(call.number(BEFORE))
    most = call.number(limit)
    users = await call.services.store.relations.reachable(
        call.me, text=text, before=before, limit=most
    )
    more = call.next_page(BEFORE, users[-1].id if len(users) == most else None)
    return JSON([user_object(user) for user in users], headers=more)


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint("GET", "/api/users/profile", "Show the caller's profile", show, {200: "the user"}),
    Endpoint(
        "GET",
        "/api/users/{user_id}/profile",
        "Show the profile of a user that the caller may message",
        show,
        {
            200: "the user",
            400: [ErrorCode.INVALID_FIELD],
            403: [ErrorCode.NOT_ALLOWED],
            404: ["user_not_found"],
        },
    ),
    *(
        Endpoint(
            "PUT", path, "Change the caller's profile", change, {200: "the user"}, body=ProfileBody
        )
        for path in (
            "/api/users/profile",
            "/api/users/profile/privacy",
            "/api/users/me/profile",
        )
    ),
    Endpoint(
        "GET",
        "/api/users/suggested",
        "List a few users that the caller may message, newest accounts first",
        suggested,
        {200: "a list"},
        parameters=(FEW, BEFORE),
    ),
    Endpoint(
        "GET",
        "/api/users/all",
        "List a page of users that the caller may message, newest accounts first",
        everybody,
        {200: "a list"},
        parameters=(NAME, PAGE, BEFORE),
    ),
)
