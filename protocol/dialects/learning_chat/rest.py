"""REST of the learning platform: its bodies, and how it spells errors.

See docs/dialects/learning_chat.md#rest. Guarantees: a body that structures has the right types;
what its texts must hold is checked by `check_name` and the rules of `protocol.parsing.content`.
Field names are camel case in JSON. Must not know: HTTP, sessions, the store.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, NotRequired, TypeAlias, TypedDict

from attrs import frozen

from protocol.errors import ErrorCode, WireError
from protocol.model import (
    GIVEN_STANDINGS,
    ChannelId,
    ChannelKind,
    GradingStatus,
    MessageId,
    MessageKind,
    Role,
    Standing,
    UserId,
    WorkspaceId,
)
from protocol.parsing.content import (
    Content,
    FileUrl,
    IdempotencyKey,
    check_kind,
    is_storable,
)
from protocol.parsing.express_session import COOKIE
from protocol.parsing.names import USERNAME, is_address, is_name, is_username
from protocol.parsing.structuring import identifier
from protocol.rest import RestDialect, camel_case
from protocol.schemas import Keywords

MAX_NAME_CHARS = 200
MAX_EMAIL_CHARS = 254
MAX_LINK_HOURS: Final = 24 * 365
MAX_LINK_USES: Final = 100_000
OPEN_ROLES = frozenset({Role.STUDENT, Role.TEACHER})
CHANNEL_KINDS: Final = (ChannelKind.TEXT, ChannelKind.ANNOUNCEMENT)

Name: TypeAlias = Annotated[str, Keywords(pattern=r"\S", maxLength=MAX_NAME_CHARS)]
"""What `check_name` accepts."""
OptionalText: TypeAlias = Annotated[str, Keywords(maxLength=MAX_NAME_CHARS)]
"""What `check_optional` accepts."""
Email: TypeAlias = Annotated[str, Keywords(pattern="^[^@]+@.+$", maxLength=MAX_EMAIL_CHARS)]


class FlawObject(TypedDict):
    """What is wrong with a body. `path`: the field; empty for all of it."""

    path: str
    message: str
    code: str


class ErrorObject(TypedDict):
    """An error. `field`: the field of the body or query that is at fault, if there is one."""

    message: str
    code: str
    field: NotRequired[str]
    errors: NotRequired[list[FlawObject]]


def _error(_: int, text: str, code: str) -> ErrorObject:
    return {"message": text, "code": code}


def _claims(body: Mapping[str, object]) -> bool:
    return "username" in body or identifier(body.get("channelId")) is not None


REST: Final = RestDialect(
    "learning_platform",
    COOKIE,
    _error,
    unauthorized=_error(401, "Not authenticated", "not_signed_in"),
    naming=camel_case,
    claims=_claims,
)


@frozen
class AccountBody:
    """POST /api/auth/register."""

    username: Name
    password: str
    name: Name
    email: Email
    role: Annotated[str, Keywords(enum=sorted(OPEN_ROLES))] = Role.STUDENT.value
    avatar: OptionalText | None = None
    class_: OptionalText | None = None
    subject: OptionalText | None = None

    def checked_role(self) -> Role:
        """The role, once every field was found acceptable.

        Raises:
            WireError: INVALID_FIELD.
        """
        check_name("username", self.username)
        if not is_username(self.username):
            raise WireError(ErrorCode.INVALID_FIELD, USERNAME, field="username")
        check_name("name", self.name)
        if not is_address(self.email) or len(self.email) > MAX_EMAIL_CHARS:
            raise WireError(ErrorCode.INVALID_FIELD, "email must be an address", field="email")
        for field, text in (("avatar", self.avatar), ("class", self.class_)):
            check_optional(field, text)
        check_optional("subject", self.subject)
        if self.role not in OPEN_ROLES:
            text = "role must be student or teacher"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="role")
        return Role(self.role)


@frozen
class CredentialsBody:
    """POST /api/auth/login."""

    KEYWORDS: ClassVar = Keywords(required=["username", "password"])
    username: str | None = None
    password: str | None = None


@frozen
class WorkspaceBody:
    """POST /api/workspaces."""

    name: Name
    description: OptionalText | None = None


@frozen
class MemberBody:
    """POST /api/workspaces/{id}/members."""

    user_id: UserId


@frozen
class RoleBody:
    """PUT /api/workspaces/{id}/members/{user_id}."""

    role: Annotated[str, Keywords(enum=[*GIVEN_STANDINGS, Standing.OWNER])]

    def standing(self) -> Standing:
        """The standing that the user is to get.

        Raises:
            WireError: INVALID_FIELD.
        """
        if self.role not in (*GIVEN_STANDINGS, Standing.OWNER):
            text = "role must be owner, moderator, member or guest"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="role")
        return Standing(self.role)


@frozen
class LinkBody:
    """POST /api/workspaces/{id}/links. `hours`: how long it works; `uses`: how many may join."""

    hours: Annotated[int, Keywords(minimum=1, maximum=MAX_LINK_HOURS)] = 24
    uses: Annotated[int, Keywords(minimum=1, maximum=MAX_LINK_USES)] = 1

    def check(self) -> None:
        """Refuse numbers that are out of range.

        Raises:
            WireError: INVALID_FIELD.
        """
        for field, number, most in (
            ("hours", self.hours, MAX_LINK_HOURS),
            ("uses", self.uses, MAX_LINK_USES),
        ):
            if not 1 <= number <= most:
                text = f"{field} must be from 1 to {most}"
                raise WireError(ErrorCode.INVALID_FIELD, text, field=field)


@frozen
class ChannelBody:
    """POST /api/workspaces/{id}/channels and POST /api/channels."""

    name: Name
    type_: Annotated[str, Keywords(enum=CHANNEL_KINDS)] = ChannelKind.TEXT.value
    class_: OptionalText | None = None
    subject: OptionalText | None = None
    workspace_id: WorkspaceId | None = None

    def kind(self) -> ChannelKind:
        """The kind, once every field was found acceptable.

        Raises:
            WireError: INVALID_FIELD.
        """
        check_name("name", self.name)
        check_optional("class", self.class_)
        check_optional("subject", self.subject)
        if self.type_ not in CHANNEL_KINDS:
            text = "type must be text or announcement"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="type")
        return ChannelKind(self.type_)


_KindName: TypeAlias = Annotated[str, Keywords(enum=list(MessageKind))]


@frozen
class PostBody:
    """POST /api/messages of the learning platform. `type` and `messageType` mean the same."""

    channel_id: ChannelId
    content: Content
    type_: _KindName | None = None
    message_type: _KindName | None = None
    file_url: FileUrl | None = None
    is_homework: bool = False
    client_message_id: IdempotencyKey | None = None
    parent_id: MessageId | None = None

    def kind(self) -> MessageKind:
        """How the message is to be presented.

        Raises:
            WireError: INVALID_FIELD.
        """
        if self.message_type:
            return check_kind(self.message_type, field="messageType", among=tuple(MessageKind))
        return check_kind(self.type_ or None, field="type", among=tuple(MessageKind))


@frozen
class ForwardBody:
    """POST /api/messages/{id}/forward."""

    channel_id: ChannelId


@frozen
class DirectChannelBody:
    """POST /api/channels/dm."""

    user_ids: Annotated[tuple[UserId, ...], Keywords(minItems=2, maxItems=2)]


@frozen
class GradeBody:
    """POST /api/messages/{id}/grade."""

    status: Annotated[str, Keywords(enum=list(GradingStatus))]


def check_name(field: str, text: str) -> None:
    """Refuse a name that is blank, too long or does not read as it is written.

    Raises:
        WireError: INVALID_FIELD.
    """
    if not text.strip() or len(text) > MAX_NAME_CHARS or not is_name(text):
        limit = f"{field} must have 1 to {MAX_NAME_CHARS} characters"
        raise WireError(ErrorCode.INVALID_FIELD, limit, field=field)


def check_optional(field: str, text: str | None) -> None:
    """Refuse an optional text that is too long or cannot be stored.

    Raises:
        WireError: INVALID_FIELD.
    """
    if text is not None and (len(text) > MAX_NAME_CHARS or not is_storable(text)):
        limit = f"{field} must have at most {MAX_NAME_CHARS} characters"
        raise WireError(ErrorCode.INVALID_FIELD, limit, field=field)
