"""Every REST call, and who may make it: what the matrix expects.

A call stands for all paths at which it is served. Several rows may be about one call.
"""

from collections.abc import Callable
from typing import Final

from attrs import frozen

from persistence.policy import Action, Place
from tests.permissions.expected import (
    Allowed,
    Anybody,
    Expected,
    Nobody,
    NotBlocked,
    SignedIn,
    WithCookie,
)


@frozen
class Row:
    """One call. `path` and `body` may name ids of the scene, and `me`."""

    dialect: str
    method: str
    path: str
    documented: str
    expected: Expected
    body: object = None


@frozen
class Calls:
    """Rows of one dialect."""

    dialect: str

    def row(
        self,
        call: str,
        expected: Expected,
        body: object = None,
        /,
        **ids: str,
    ) -> Row:
        """A row. `ids`: by parameter of the documented path, its replacement."""
        method, documented = call.split()
        mounted = f"/{self.dialect}"
        path = documented if documented.startswith(f"{mounted}/") else f"{mounted}{documented}"
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", value)
        documented = documented.partition("?")[0]
        return Row(self.dialect, method, path, documented, expected, body)


WORKSPACE, CHANNEL, NEWS = Place.WORKSPACE, Place.CHANNEL, Place.ANNOUNCEMENTS
_LEARNING: Final = Calls("learning_platform")
_PRIVATE: Final = Calls("private_messages")
_CHANNELS: Final = Calls("channel_messages")
_MESSENGER: Final = Calls("messenger")
_ADMIN: Final = Calls("admin")

_ACCOUNT: Final = {
    "username": "newcomer", "password": "correct horse", "name": "New", "email": "n@example.org",
}  # fmt: skip
_PRIVATE_ACCOUNT: Final = {
    "email": "n@example.org", "password": "correct horse", "first_name": "N", "last_name": "C",
    "date_of_birth": "2000-01-01",
}  # fmt: skip
_WRONG: Final = {"username": "nobody", "email": "nobody", "password": "wrong"}

SEE_WORKSPACE: Final = Allowed(WORKSPACE, Action.SEE, 200)
SEE: Final = Allowed(CHANNEL, Action.SEE, 200)


def _own(row: Callable[..., Row], passwords: dict[str, str]) -> list[Row]:
    """The calls about the caller's own account and sessions, which two dialects have."""
    return [
        row("PUT /api/users/change-password", SignedIn(403), passwords),
        row("POST /api/users/change-password", SignedIn(403), passwords),
        row("PUT /api/users/me/email", SignedIn(403), {**passwords, "email": "a@example.org"}),
        row("POST /api/users/me/email/confirm", SignedIn(404), {"ticket": "unknown"}),
        row("DELETE /api/users/me", SignedIn(403), passwords),
        row("GET /api/users/me/limits", SignedIn(200)),
        row("GET /api/users/me/sessions", SignedIn(200)),
        row("DELETE /api/users/me/sessions", SignedIn(200)),
        row("DELETE /api/users/me/sessions/{session_id}", SignedIn(404), session_id="987654"),
    ]


def _revised(row: Callable[..., Row], base: str, message: str, secret: str) -> list[Row]:
    """The calls that change a message: one of another author, and one that no caller may see."""
    reaction = f"{base}/{{message_id}}/reactions/{{emoji}}"
    heart = {"emoji": "%E2%9D%A4"}
    text = {"content": "x"}
    return [
        row(f"PATCH {base}/{{message_id}}", Allowed(CHANNEL, Action.SEE, 403), text,
            message_id=message),
        row(f"PUT {reaction}", Allowed(CHANNEL, Action.REACT, 200), message_id=message, **heart),
        row(f"DELETE {reaction}", Allowed(CHANNEL, Action.REACT, 200), message_id=message, **heart),
        *_revised_unseen(row, base, secret),
    ]  # fmt: skip


def _revised_unseen(row: Callable[..., Row], base: str, secret: str) -> list[Row]:
    """Changes of a message in a conversation of two others: it is not found."""
    reaction = f"{base}/{{message_id}}/reactions/{{emoji}}"
    of_secret = {"message_id": secret, "emoji": "%E2%9D%A4"}
    return [
        row(f"PATCH {base}/{{message_id}}", Nobody(404), {"content": "x"}, message_id=secret),
        row(f"DELETE {base}/{{message_id}}", Nobody(404), message_id=secret),
        row(f"PUT {reaction}", Nobody(404), **of_secret),
        row(f"DELETE {reaction}", Nobody(404), **of_secret),
        row(f"GET {base}/{{message_id}}/original", Nobody(404), message_id=secret),
    ]


def _forwarded(
    row: Callable[..., Row], message: str, secret: str, *places: str, unseen: int = 404
) -> list[Row]:
    """Forwards to a channel, to an announcement channel, and to a conversation of two others:
    allowed to users who may see the message and may write at the target.
    """
    general, news, closed = ({"channelId": place} for place in places)
    call = "POST /api/messages/{message_id}/forward"
    return [
        row(call, Allowed(CHANNEL, Action.WRITE, 201, unseen=unseen), general, message_id=message),
        row(call, Allowed(NEWS, Action.WRITE, 201, unseen=unseen), news, message_id=message),
        row(call, Nobody(unseen), closed, message_id=message),
        row(call, Allowed(CHANNEL, Action.WRITE, 404, unseen=unseen), general, message_id=secret),
        row(call, SignedIn(400), {}, message_id=secret),
    ]


def _forwarded_privately(row: Callable[..., Row], base: str, field: str) -> list[Row]:
    """Forwards to a user, allowed to users who may see the message."""
    call = f"POST {base}/{{message_id}}/forward"
    return [
        row(call, Allowed(CHANNEL, Action.SEE, 201), {field: "{spare}"}, message_id="{message}"),
        row(call, NotBlocked(404, 404), {field: "{paul}"}, message_id="{secret}"),
        row(call, SignedIn(400), {field: "{me}"}, message_id="{secret}"),
        row(call, SignedIn(400), {}, message_id="{secret}"),
    ]


def _noted(row: Callable[..., Row], message: str) -> list[Row]:
    """The calls that change a note on a message that members may see."""
    base = "/api/messages/{message_id}"
    return [row(f"{call}", SEE, message_id=message) for call in _noting(base)]


def _noted_unseen(row: Callable[..., Row], base: str, secret: str) -> list[Row]:
    """Notes on a message in a conversation of two others: it is not found."""
    return [row(call, Nobody(404), message_id=secret) for call in _noting(f"{base}/{{message_id}}")]


def _noting(message: str) -> tuple[str, ...]:
    return (f"PUT {message}/unread", f"PUT {message}/hidden", f"DELETE {message}/hidden")


def _threads_unseen(
    row: Callable[..., Row], secret: str, base: str = "/api/messages", prefix: str = "/api"
) -> list[Row]:
    """Each user has a list of threads; a thread in a conversation of two others is not found."""
    thread = f"{base}/{{message_id}}"
    calls = (
        f"GET {thread}/replies",
        f"POST {thread}/replies/read",
        f"PUT {thread}/follow",
        f"DELETE {thread}/follow",
    )
    unseen = [row(call, Nobody(404), message_id=secret) for call in calls]
    return [row(f"GET {prefix}/threads", SignedIn(200)), *unseen]


def _threads_seen(row: Callable[..., Row], message: str) -> list[Row]:
    """The calls about the thread of a message that members may see."""
    thread = "/api/messages/{message_id}"
    calls = (f"GET {thread}/replies", f"PUT {thread}/follow", f"DELETE {thread}/follow")
    return [row(call, SEE, message_id=message) for call in calls]


def _mentions(row: Callable[..., Row], base: str = "/api/messages") -> list[Row]:
    """Each user has a list of mentions."""
    calls = (f"GET {base}/mentions", f"GET {base}/mentions/unread-count")
    return [row(call, SignedIn(200)) for call in calls]


def _muted(row: Callable[..., Row], place: str, expected: Expected, **ids: str) -> list[Row]:
    """The calls that mute a channel or conversation, and that end the mute."""
    return [row(f"{method} {place}/muted", expected, **ids) for method in ("PUT", "DELETE")]


VERSIONS: Final = "GET /api/messages/{message_id}/versions"
SEE_VERSIONS: Final = Allowed(CHANNEL, Action.SEE_VERSIONS, 200)


def _learning() -> list[Row]:
    row = _LEARNING.row
    at = {"workspace_id": "{workspace}"}
    general, news = {"channel_id": "{general}"}, {"channel_id": "{news}"}
    secret = {"channel_id": "{secret_channel}"}
    return [
        row("POST /api/auth/register", Anybody(201), _ACCOUNT),
        row("POST /api/auth/login", Anybody(401), _WRONG),
        row("POST /api/auth/logout", Anybody(200)),
        row("POST /api/auth/session", SignedIn(201)),
        row("POST /api/auth/token", SignedIn(200)),
        row("GET /api/users/me", SignedIn(200)),
        *_own(row, {"currentPassword": "wrong", "newPassword": "correct horse"}),
        row("GET /api/users/me/channels", SignedIn(200)),
        row("GET /api/users/me/dms", SignedIn(200)),
        row("GET /api/chat/conversations", SignedIn(200)),
        row("GET /api/users/me/invitations", SignedIn(200)),
        row("POST /api/users/me/invitations/{workspace_id}", SignedIn(404), **at),
        row("DELETE /api/users/me/invitations/{workspace_id}", SignedIn(404), **at),
        row("GET /api/invitations/{token}", SignedIn(404), token="unknown"),
        row("POST /api/invitations/{token}", SignedIn(404), token="unknown"),
        row("GET /api/channels/query/{text}", SignedIn(200), text="general"),
        row("GET /api/messages/search?q=general", SignedIn(200)),
        *_mentions(row),
        row("POST /api/workspaces", SignedIn(201), {"name": "Mine"}),
        row("GET /api/workspaces", SignedIn(200)),
        row("POST /api/ai-chat", SignedIn(500), {"messages": [{"role": "user", "content": "?"}]}),
        row("POST /api/upload", SignedIn(400)),
        row("GET /uploads/{day}/{name}", SignedIn(404), day="2026-01-01", name="x.png"),
        row("GET /api/workspaces/{workspace_id}", SEE_WORKSPACE, **at),
        row("GET /api/workspaces/{workspace_id}/members", SEE_WORKSPACE, **at),
        row("GET /api/workspaces/{workspace_id}/channels", SEE_WORKSPACE, **at),
        row("POST /api/workspaces/{workspace_id}/channels",
            Allowed(WORKSPACE, Action.CREATE_CHANNEL, 201), {"name": "more"}, **at),
        row("POST /api/channels", Allowed(WORKSPACE, Action.CREATE_CHANNEL, 201),
            {"name": "more", "workspaceId": "{workspace}"}),
        row("POST /api/workspaces/{workspace_id}/members", Allowed(WORKSPACE, Action.INVITE, 200),
            {"userId": "{fresh}"}, **at),
        row("POST /api/workspaces/{workspace_id}/links", Allowed(WORKSPACE, Action.INVITE, 201),
            {}, **at),
        row("GET /api/workspaces/{workspace_id}/links",
            Allowed(WORKSPACE, Action.INVITE, 200), **at),
        row("DELETE /api/workspaces/{workspace_id}/links/{link_id}",
            Allowed(WORKSPACE, Action.INVITE, 200), link_id="{link}", **at),
        row("PUT /api/workspaces/{workspace_id}/members/{user_id}",
            Allowed(WORKSPACE, Action.CHANGE_ROLES, 200), {"role": "moderator"},
            user_id="{spare}", **at),
        row("DELETE /api/workspaces/{workspace_id}/members/{user_id}",
            Allowed(WORKSPACE, Action.REMOVE_MEMBER, 200), user_id="{spare}", **at),
        row("DELETE /api/workspaces/{workspace_id}/members/{user_id}",
            Allowed(WORKSPACE, Action.LEAVE, 200), user_id="{me}", **at),
        row("GET /api/channels/{channel_id}/messages", SEE, **general),
        row("GET /api/messages/{channel_id}", SEE, **general),
        row("GET /api/channels/{channel_id}/pinned", SEE, **general),
        row("GET /api/channels/{channel_id}/unread", SEE, **general),
        row("POST /api/chat/conversations/{channel_id}/read", SEE, **general),
        row("POST /api/messages/{message_id}/read", SEE, message_id="{message}"),
        row("POST /api/messages", Allowed(CHANNEL, Action.WRITE, 201),
            {"channelId": "{general}", "content": "hi"}),
        row("POST /api/messages", Allowed(NEWS, Action.WRITE, 201),
            {"channelId": "{news}", "content": "hi"}),
        row("DELETE /api/messages/{message_id}", Allowed(CHANNEL, Action.DELETE_OTHERS, 200),
            message_id="{message}"),
        row("DELETE /api/messages/{message_id}", Allowed(NEWS, Action.DELETE_OTHERS, 200),
            message_id="{announced}"),
        row("POST /api/messages/{message_id}/grade",
            Allowed(CHANNEL, Action.GRADE, 200, refused=401), {"status": "graded"},
            message_id="{message}"),
        row("POST /api/channels/{channel_id}/pin/{message_id}", Allowed(CHANNEL, Action.PIN, 200),
            message_id="{message}", **general),
        row("DELETE /api/channels/{channel_id}/pin/{message_id}",
            Allowed(NEWS, Action.PIN, 200), message_id="{announced}", **news),
        *_revised(row, "/api/messages", "{message}", "{secret}"),
        *_noted(row, "{message}"),
        *_noted_unseen(row, "/api/messages", "{secret}"),
        *_threads_seen(row, "{message}"),
        *_threads_unseen(row, "{secret}"),
        *_muted(row, "/api/channels/{channel_id}", SEE, **general),
        *_muted(row, "/api/channels/{channel_id}", Nobody(404), **secret),
        row(VERSIONS, SEE_VERSIONS, message_id="{message}"),
        row(VERSIONS, Nobody(404), message_id="{secret}"),
        row("GET /api/channels/{channel_id}/messages", Nobody(404), **secret),
        row("GET /api/messages/{channel_id}", Nobody(404), **secret),
        row("GET /api/channels/{channel_id}/pinned", Nobody(404), **secret),
        row("GET /api/channels/{channel_id}/unread", Nobody(404), **secret),
        row("POST /api/chat/conversations/{channel_id}/read", Nobody(404), **secret),
        row("POST /api/messages/{message_id}/read", Nobody(404), message_id="{secret}"),
        row("POST /api/messages", Nobody(404), {"channelId": "{secret_channel}", "content": "hi"}),
        *_forwarded(row, "{message}", "{secret}", "{general}", "{news}", "{secret_channel}"),
        row("POST /api/messages/{message_id}/grade", Nobody(404), {"status": "graded"},
            message_id="{secret}"),
        row("POST /api/channels/{channel_id}/pin/{message_id}", Nobody(404),
            message_id="{secret}", **secret),
        row("DELETE /api/channels/{channel_id}/pin/{message_id}", Nobody(404),
            message_id="{secret}", **secret),
        row("POST /api/channels/dm", NotBlocked(200, 403), {"userIds": ["{me}", "{paul}"]}),
        row("POST /api/channels/dm", Nobody(403), {"userIds": ["{paul}", "{spare}"]}),
    ]  # fmt: skip


def _private() -> list[Row]:
    row = _PRIVATE.row
    paul = {"user_id": "{paul}"}
    passwords = {"current_password": "wrong", "new_password": "correct horse"}
    return [
        row("POST /api/auth/register", Anybody(201), _PRIVATE_ACCOUNT),
        row("POST /api/auth/login", Anybody(401), _WRONG),
        row("POST /api/auth/logout", WithCookie(200)),
        row("GET /api/auth/session", SignedIn(200)),
        row("POST /api/auth/token", SignedIn(200)),
        row("POST /api/auth/provider", Anybody(404)),
        row("GET /api/auth/provider/callback", Anybody(404)),
        row("GET /healthz", Anybody(200)),
        row("GET /readyz", Anybody(200)),
        *(row(f"GET {path}", SignedIn(200)) for path in (
            "/api/blocks", "/api/followers", "/api/following", "/api/messages/conversations",
            "/api/messages/requests", "/api/messages/search?q=general",
            "/api/messages/unread-count",
            "/api/notifications/unread-count",
            "/api/users?username=paul", "/api/users/all", "/api/users/counts",
            "/api/users/followers", "/api/users/following", "/api/users/online",
            "/api/users/profile", "/api/users/suggested",
        )),
        *(row(f"PUT {path}", SignedIn(200), {"nickname": "N"}) for path in (
            "/api/users/me/profile", "/api/users/profile", "/api/users/profile/privacy",
        )),
        *_own(row, passwords),
        row("POST /api/users/accept-message-request?requester_id={spare}", SignedIn(404)),
        row("POST /api/messages/requests/{user_id}", SignedIn(404), user_id="{spare}"),
        row("DELETE /api/messages/requests/{user_id}", SignedIn(404), user_id="{spare}"),
        row("POST /api/upload", SignedIn(400)),
        row("GET /uploads/{day}/{name}", SignedIn(404), day="2026-01-01", name="x.png"),
        row("DELETE /api/followers/{user_id}", SignedIn(404), **paul),
        row("POST /api/followers/{user_id}/accept", SignedIn(404), **paul),
        *_revised_unseen(row, "/api/messages", "{secret}"),
        *_threads_unseen(row, "{secret}"),
        *_mentions(row),
        *_noted_unseen(row, "/api/messages", "{secret}"),
        *_muted(row, "/api/messages/{user_id}", NotBlocked(200, 404), **paul),
        *_forwarded_privately(row, "/api/messages", "recipient_id"),
        row("POST /api/messages", NotBlocked(201, 404), {"recipient_id": "{paul}", "content": "x"}),
        row("POST /api/messages/{user_id}", NotBlocked(201, 404), {"content": "x"}, **paul),
        row("GET /api/messages/{user_id}", NotBlocked(200, 404), **paul),
        row("PUT /api/messages/{user_id}/read", SignedIn(200), **paul),
        row("POST /api/users/{user_id}/block", SignedIn(200), **paul),
        row("DELETE /api/users/{user_id}/block", SignedIn(404), **paul),
        row("POST /api/users/{user_id}/follow", NotBlocked(200, 404), **paul),
        row("DELETE /api/users/{user_id}/follow", SignedIn(404), **paul),
        row("DELETE /api/users/{user_id}/follow-request", SignedIn(404), **paul),
        *(row(f"GET /api/users/{{user_id}}{what}", NotBlocked(200, 404), **paul) for what in (
            "", "/counts", "/follow-status", "/followers", "/following", "/profile",
        )),
    ]  # fmt: skip


def _channel_messages() -> list[Row]:
    row = _CHANNELS.row
    general, secret = {"channel_id": "{general_uuid}"}, {"channel_id": "{secret_channel_uuid}"}
    unseen = {"refused": 403, "unseen": 403}
    return [
        row("GET /api/users/me", SignedIn(200)),
        row("GET /api/users", SignedIn(200)),
        row("GET /api/channels", SignedIn(200)),
        row("GET /api/channels/browse/joined", SignedIn(200)),
        row("GET /api/channels/browse/public", SignedIn(200)),
        row("GET /api/messages/search?q=general", SignedIn(200)),
        *_mentions(row),
        row("GET /api/messages/channel/{channel_id}/pinned",
            Allowed(CHANNEL, Action.SEE, 200, **unseen), **general),
        row("GET /api/messages/channel/{channel_id}/pinned", Nobody(403), **secret),
        row("PUT /api/messages/{message_id}/pin", Allowed(CHANNEL, Action.PIN, 200),
            message_id="{message_uuid}"),
        row("PUT /api/messages/{message_id}/pin", Nobody(404), message_id="{secret_uuid}"),
        row("DELETE /api/messages/{message_id}/pin", Allowed(CHANNEL, Action.PIN, 200),
            message_id="{message_uuid}"),
        row("DELETE /api/messages/{message_id}/pin", Nobody(404), message_id="{secret_uuid}"),
        row("GET /api/messages/channel/{channel_id}",
            Allowed(CHANNEL, Action.SEE, 200, **unseen), **general),
        row("POST /api/channels/{channel_id}/join",
            Allowed(CHANNEL, Action.SEE, 200, **unseen), **general),
        row("POST /api/messages", Allowed(CHANNEL, Action.WRITE, 201, **unseen),
            {"channelId": "{general_uuid}", "content": "hi"}),
        row("POST /api/messages", Allowed(NEWS, Action.WRITE, 201, **unseen),
            {"channelId": "{news_uuid}", "content": "hi"}),
        *_revised(row, "/api/messages", "{message_uuid}", "{secret_uuid}"),
        *_noted(row, "{message_uuid}"),
        *_noted_unseen(row, "/api/messages", "{secret_uuid}"),
        *_threads_seen(row, "{message_uuid}"),
        *_threads_unseen(row, "{secret_uuid}"),
        *_muted(row, "/api/channels/{channel_id}", Allowed(CHANNEL, Action.SEE, 200, **unseen),
                **general),
        *_muted(row, "/api/channels/{channel_id}", Nobody(403), **secret),
        row("DELETE /api/messages/{message_id}", Allowed(CHANNEL, Action.DELETE_OTHERS, 200),
            message_id="{message_uuid}"),
        row(VERSIONS, SEE_VERSIONS, message_id="{message_uuid}"),
        row(VERSIONS, Nobody(404), message_id="{secret_uuid}"),
        row("DELETE /api/channels/{channel_id}/leave", Nobody(403), **general),
        row("POST /api/channels/{channel_id}/leave", Nobody(403), **general),
        row("GET /api/messages/channel/{channel_id}", Nobody(403), **secret),
        row("POST /api/channels/{channel_id}/join", Nobody(403), **secret),
        row("POST /api/channels/{channel_id}/leave", Nobody(403), **secret),
        row("DELETE /api/channels/{channel_id}/leave", Nobody(403), **secret),
        row("POST /api/messages", Nobody(403),
            {"channelId": "{secret_channel_uuid}", "content": "hi"}),
        *_forwarded(row, "{message_uuid}", "{secret_uuid}", "{general_uuid}", "{news_uuid}",
                    "{secret_channel_uuid}", unseen=403),
    ]  # fmt: skip


def _messenger() -> list[Row]:
    return [each for base in ("/api/messagepal", "/api/message") for each in _messenger_at(base)]


def _messenger_at(base: str) -> list[Row]:
    row = _MESSENGER.row
    secret = {"conversation_id": "{secret_conversation}"}
    between = f"POST {base}/conversations/between-users"
    history = f"GET {base}/conversations/{{conversation_id}}/history?userId="
    message = {
        "conversationId": "{secret_conversation}", "senderId": "{me}", "senderName": "x",
        "recipientId": "{spare}", "content": "x",
    }  # fmt: skip
    mine = {"conversation_id": "conv_{low}_{high}"}
    to_paul = {**message, "conversationId": "conv_{low}_{high}", "recipientId": "{paul}"}
    return [
        *_revised_unseen(row, f"{base}/messages", "{secret}"),
        *_noted_unseen(row, f"{base}/messages", "{secret}"),
        *_threads_unseen(row, "{secret}", f"{base}/messages", base),
        *_muted(row, f"{base}/conversations/{{conversation_id}}", NotBlocked(200, 404), **mine),
        *_muted(row, f"{base}/conversations/{{conversation_id}}", Nobody(403), **secret),
        *_forwarded_privately(row, f"{base}/messages", "recipientId"),
        row(f"GET {base}/conversations", SignedIn(200)),
        row(f"GET {base}/messages/search?q=general", SignedIn(200)),
        *_mentions(row, base),
        row(f"GET {base}/conversations/{{user_id}}", SignedIn(200), user_id="{me}"),
        row(f"GET {base}/conversations/{{user_id}}", Nobody(403), user_id="{paul}"),
        row(f"GET {base}/users/{{user_id}}/unread-count", SignedIn(200), user_id="{me}"),
        row(f"GET {base}/users/{{user_id}}/unread-count", Nobody(403), user_id="{paul}"),
        row(between, SignedIn(200), {"userId1": "{me}", "userId2": "{paul}"}),
        row(between, Nobody(403), {"userId1": "{spare}", "userId2": "{paul}"}),
        row(f"{history}{{me}}", Nobody(403), **secret),
        row(f"{history}{{paul}}", Nobody(403), **secret),
        row(f"{history}{{me}}", NotBlocked(200, 404), **mine),
        row(f"DELETE {base}/conversations/{{conversation_id}}/users/{{user_id}}",
            NotBlocked(200, 404), user_id="{me}", **mine),
        row(f"DELETE {base}/conversations/{{conversation_id}}/users/{{user_id}}", Nobody(403),
            user_id="{me}", **secret),
        row(f"DELETE {base}/conversations/{{conversation_id}}/users/{{user_id}}", Nobody(403),
            user_id="{paul}", **secret),
        row(f"POST {base}/messages", Nobody(400), message),
        row(f"POST {base}/messages", NotBlocked(201, 404), to_paul),
        row(f"GET {base}/messages/{{message_id}}?conversationId={{secret_conversation}}",
            Nobody(403), message_id="{secret}"),
        row(f"PATCH {base}/messages/{{message_id}}/read", Nobody(403),
            {"conversationId": "{secret_conversation}", "userId": "{me}"}, message_id="{secret}"),
    ]  # fmt: skip


def _admin() -> list[Row]:
    """The login of a user does not make an operator."""
    row, paul = _ADMIN.row, {"user": "paul"}
    return [
        row("GET /admin/status", Anybody(401)),
        row("GET /admin/connections", Anybody(401)),
        row("GET /admin/nodes", Anybody(401)),
        row("POST /admin/kick", Anybody(401), paul),
        row("POST /admin/announce", Anybody(401), {"text": "hi"}),
        row("POST /admin/log-level", Anybody(401), {"level": "debug"}),
        row("POST /admin/drain", Anybody(401), {"draining": True}),
        row("POST /admin/deactivate", Anybody(401), paul),
        row("POST /admin/reactivate", Anybody(401), paul),
        row("GET /admin/users", Anybody(401)),
        row("POST /admin/users", Anybody(401), {"username": "eve", "password": "correct horse"}),
        row("POST /admin/users/password", Anybody(401), {**paul, "password": "correct horse"}),
        row("POST /admin/users/role", Anybody(401), {**paul, "role": "admin"}),
        row("POST /admin/sessions/revoke", Anybody(401), paul),
        row("GET /admin/audit", Anybody(401)),
        row("GET /admin/trace", Anybody(401)),
        row("GET /admin/users/export", Anybody(401)),
        row("POST /admin/users/delete", Anybody(401), {**paul, "messages": "keep"}),
        row("GET /admin/workspaces", Anybody(401)),
        row("POST /admin/workspaces/retention", Anybody(401), {"workspace": "1", "days": 1}),
    ]  # fmt: skip


ROWS: Final = (*_learning(), *_private(), *_channel_messages(), *_messenger(), *_admin())
"""Every call with its rows."""
