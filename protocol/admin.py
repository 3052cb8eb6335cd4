"""The calls of operators to a hub, over HTTP or its admin socket: their bodies and results.

See docs/dialects/admin.md. Guarantees: a body that structures has the right types. Must not know:
HTTP, the store, what a call
does.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NotRequired, TypeAlias, TypedDict

from attrs import field, frozen

from protocol.errors import ErrorCode, WireError
from protocol.model import MessageFate, Role, SessionId, UserId, WorkspaceId
from protocol.parsing.content import Content
from protocol.rest import RestDialect
from protocol.schemas import Keywords
from protocol.shapes.timestamps import Timestamp

MAX_ANNOUNCEMENT_CHARS: Final = 2_000
MAX_RETENTION_DAYS: Final = 36_500
ROLES: Final = tuple(role.value for role in Role if role is not Role.ASSISTANT)
"""The roles that an operator may give."""
RoleName: TypeAlias = Annotated[str, Keywords(enum=list(ROLES))]


class ErrorObject(TypedDict):
    """An error. `field`: the field of the body or query that is at fault, if there is one."""

    error: str
    code: str
    field: NotRequired[str]


def _error(_: int, text: str, code: str) -> ErrorObject:
    return {"error": text, "code": code}


ADMIN: Final = RestDialect(
    "admin", None, _error, unauthorized={"error": "Unauthorized", "code": "unauthorized"}
)


@frozen
class NewAccountBody:
    """POST /admin/users. `name`: the name that others see; by default the username."""

    username: str
    password: str = field(repr=False)
    name: str | None = None
    email: str | None = None


@frozen
class NewPasswordBody:
    """POST /admin/users/password."""

    user: str
    password: str = field(repr=False)


@frozen
class RoleBody:
    """POST /admin/users/role."""

    user: str
    role: RoleName

    def checked_role(self) -> Role:
        """The role.

        Raises:
            WireError: INVALID_FIELD.
        """
        if self.role not in ROLES:
            text = f"role must be one of {', '.join(ROLES)}"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="role")
        return Role(self.role)


@frozen
class UserBody:
    """A username."""

    user: str


@frozen
class DeletionBody:
    """POST /admin/users/delete. `messages`: what becomes of the user's messages; `hand_over_to`:
    the username of the new owner of those of their workspaces that have other members.
    """

    user: str
    messages: Annotated[str, Keywords(enum=list(MessageFate))]
    hand_over_to: str | None = None

    def checked_fate(self) -> MessageFate:
        """What becomes of the messages.

        Raises:
            WireError: INVALID_FIELD.
        """
        if self.messages not in tuple(MessageFate):
            text = "messages must be keep or remove"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="messages")
        return MessageFate(self.messages)


@frozen
class RetentionBody:
    """POST /admin/workspaces/retention. `workspace`: its name or id; `days`: after how many days
    messages are removed; 0: the hub's setting applies.
    """

    workspace: str
    days: Annotated[int, Keywords(minimum=0, maximum=MAX_RETENTION_DAYS)]

    def checked_days(self) -> int:
        """The days.

        Raises:
            WireError: INVALID_FIELD.
        """
        if not 0 <= self.days <= MAX_RETENTION_DAYS:
            text = f"Messages stay for 0 to {MAX_RETENTION_DAYS} days, not for {self.days}"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="days")
        return self.days


@frozen
class AnnouncementBody:
    """POST /admin/announce."""

    text: Annotated[Content, Keywords(maxLength=MAX_ANNOUNCEMENT_CHARS)]


@frozen
class LogLevelBody:
    """POST /admin/log-level."""

    level: str


@frozen
class DrainBody:
    """POST /admin/drain. `draining`: whether load balancers are to send no new clients."""

    draining: bool


class AccountObject(TypedDict):
    """An account. `deactivated_at`: since when sign-ins to it are refused; null: they are not."""

    id: UserId
    username: str
    name: str
    email: str | None
    role: Role
    deactivated_at: Timestamp | None


class ChangedAccountObject(AccountObject):
    """An account after a change. `changed`: false if it was in this state already."""

    changed: bool


class AccountsObject(TypedDict):
    """A page of accounts, by id. `next`: the `after` of the next page; null: this is the last."""

    users: Sequence[AccountObject]
    next: int | None


class WorkspaceObject(TypedDict):
    """A workspace. `owner`: a username; `members`: how many; `retention_days`: 0 means that the
    hub's setting applies.
    """

    id: WorkspaceId
    name: str
    owner: str
    members: int
    retention_days: int


class WorkspacesObject(TypedDict):
    """A page of workspaces, by id. `next`: the `after` of the next page."""

    workspaces: Sequence[WorkspaceObject]
    next: int | None


class ChangedWorkspaceObject(WorkspaceObject):
    """A workspace after a change. `changed`: false if it was in this state already."""

    changed: bool


class HandedOverObject(TypedDict):
    """A workspace that was given to another owner."""

    id: WorkspaceId
    name: str


class DeletedObject(TypedDict):
    """The deleted user as they were, and what became of their messages and workspaces."""

    user: AccountObject
    messages: MessageFate
    handed_over: Sequence[HandedOverObject]


class RevokedObject(TypedDict):
    """The user whose sessions were ended, and how many were."""

    user: AccountObject
    ended: int


class ClosedObject(TypedDict):
    """The user whose connections were closed, and how many were."""

    user: AccountObject
    closed: int


class ActionObject(TypedDict):
    """An action of an operator, and the user concerned. `peer`: `uid 1000`, or an address."""

    id: int
    at: Timestamp
    way: Literal["socket", "http", "command"]
    peer: str
    action: str
    user_id: UserId | None
    username: str | None
    details: Mapping[str, object]


class AuditObject(TypedDict):
    """A page of the audit, newest first. `next`: the `before` of the next page."""

    actions: Sequence[ActionObject]
    next: int | None


class ConnectionObject(TypedDict):
    """A connection. `id`: its number, in the order in which connections began; `session`: null if
    it is another application's, or the connection has a token without a session; `network`: its
    address, of IPv6 the /64; `outbox`: how many bytes wait for its peer.
    """

    id: int
    user_id: UserId
    username: str
    session: SessionId | None
    dialect: str
    network: str
    since: Timestamp
    outbox: int


class ConnectionsObject(TypedDict):
    """A page of connections, by id. `total`: how many there are, of the user if one was named."""

    connections: Sequence[ConnectionObject]
    total: int
    next: int | None


class FailingLaneObject(TypedDict):
    """A lane whose last messages could not be stored, since `since`."""

    lane: int
    since: Timestamp


class LanesObject(TypedDict):
    """How many lanes store messages, and which of them fail."""

    count: int
    failing: Sequence[FailingLaneObject]


class HubObject(TypedDict):
    """The state of a hub. `connections`: by dialect; `database`: `ok`, or what is wrong."""

    version: str
    pid: int
    since: Timestamp
    url: str
    connections: Mapping[str, int]
    users_online: int
    lanes: LanesObject
    database: str
    epoch: str
    log_level: str
    draining: bool
    stopping: bool


class NodeObject(TypedDict):
    """A node, as the node that responds knows it. `renewed_at`: when its lease was renewed;
    `lives`: whether the lease is valid; `silent_ms`: how long ago a bulletin of it was received,
    null: never; `missing`: how many of its bulletins were not received.
    """

    name: str
    version: str
    address: str | None
    connections: int
    since: Timestamp
    renewed_at: Timestamp
    lives: bool
    silent_ms: int | None
    missing: int


class NodesObject(TypedDict):
    """The nodes of a database. `asked`: the node that responds, null: it has no `bus`; `is_apart`:
    whether it reads the log because it does not receive the bulletins of all nodes.
    """

    asked: str | None
    is_apart: bool
    nodes: Sequence[NodeObject]


class AnnouncedObject(TypedDict):
    """How many connections the announcement was sent to."""

    connections: int


class LogLevelObject(TypedDict):
    """The level in force, and the one before."""

    level: str
    before: str


class DrainObject(TypedDict):
    """Whether load balancers are to send no new clients. `changed`: false if it was so already."""

    draining: bool
    changed: bool
