"""Calls over REST that concern other users: messages, relations, channels, invitations."""

from collections.abc import Sequence
from typing import Final

from tests.abuse.field import Attack, Who, requests
from tests.abuse.wire import call

ATTACKS: Final[Sequence[Attack]] = (
    Attack(
        "messages over REST",
        Who.MANY,
        "REST",
        requests(
            lambda field: call(
                "POST", f"/api/messages/{field.me.peer}", field.me.cookie, {"content": "x" * 1_000}
            )
        ),
    ),
    Attack(
        "follow and unfollow",
        Who.MANY,
        "REST",
        requests(
            lambda field: (
                call("POST", f"/api/users/{field.me.peer}/follow", field.me.cookie)
                + call("DELETE", f"/api/users/{field.me.peer}/follow", field.me.cookie)
            )
        ),
    ),
    Attack(
        "block and unblock",
        Who.MANY,
        "REST",
        requests(
            lambda field: (
                call("POST", f"/api/users/{field.me.peer}/block", field.me.cookie)
                + call("DELETE", f"/api/users/{field.me.peer}/block", field.me.cookie)
            )
        ),
    ),
    Attack(
        "private and public again",
        Who.MANY,
        "REST",
        requests(
            lambda field: b"".join(
                call("PUT", "/api/users/profile", field.me.cookie, {"is_public": is_public})
                for is_public in (False, True)
            )
        ),
    ),
    Attack(
        "channels without end",
        Who.MANY,
        "REST",
        requests(
            lambda field: call(
                "POST",
                "/api/channels",
                field.me.chat_cookie,
                {"workspaceId": field.me.workspace, "name": "x"},
            )
        ),
    ),
    Attack(
        "workspaces without end",
        Who.MANY,
        "REST",
        requests(
            lambda field: call("POST", "/api/workspaces", field.me.chat_cookie, {"name": "x"})
        ),
    ),
    Attack(
        "conversations with everybody",
        Who.MANY,
        "REST",
        requests(
            lambda field: b"".join(
                call(
                    "POST",
                    "/api/channels/dm",
                    field.me.chat_cookie,
                    {"userIds": [field.me.id, other]},
                )
                for other in range(1, 9)
            ),
            4,
            1,
        ),
    ),
    Attack(
        "invitations",
        Who.MANY,
        "REST",
        requests(
            lambda field: b"".join(
                call(
                    "POST",
                    f"/api/workspaces/{field.me.workspace}/members",
                    field.me.chat_cookie,
                    {"userId": other},
                )
                for other in range(1, 9)
            ),
            4,
            1,
        ),
    ),
)
