"""REST of `/ws`'s clients: its bodies, and how it spells errors.

See docs/dialects/private_messages.md#rest. Guarantees: a body that structures has the right types,
and `check` refuses texts that may not be stored. Must not know: HTTP, sessions, the store.
"""

from collections.abc import Container, Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Final, NotRequired, TypeAlias, TypedDict

from attrs import frozen

from protocol.dialect import SESSION_COOKIE
from protocol.errors import ErrorCode, WireError
from protocol.model import MessageFate, MessageId, UserId
from protocol.parsing.content import (
    Content,
    FileUrl,
    IdempotencyKey,
    KindName,
    check_content,
    check_key,
)
from protocol.parsing.names import is_address, reads_as_written
from protocol.rest import RestDialect
from protocol.schemas import Keywords

MAX_TEXT_CHARS = 1_000
MAX_EMAIL_CHARS = 254

ShortText: TypeAlias = Annotated[str, Keywords(maxLength=MAX_TEXT_CHARS)]
"""What `check_short_text` accepts."""
Email: TypeAlias = Annotated[str, Keywords(pattern="^[^@]+@.+$", maxLength=MAX_EMAIL_CHARS)]
Day: TypeAlias = Annotated[str, Keywords(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}")]


class ErrorObject(TypedDict):
    """An error. `field`: the field of the body or query that is at fault, if there is one."""

    error: str
    code: str
    field: NotRequired[str]


def _error(_: int, text: str, code: str) -> ErrorObject:
    return {"error": text, "code": code}


def _claims(body: Mapping[str, object]) -> bool:
    is_addressed = "recipient_id" in body or "receiver_id" in body
    return is_addressed or ("email" in body and "username" not in body)


REST: Final = RestDialect(
    "private_messages", SESSION_COOKIE, _error, unauthorized="Unauthorized", claims=_claims
)

FIRST_BIRTHDAY: Final = date(1900, 1, 1)


@frozen
class LoginBody:
    """POST /api/auth/login. `email` may be a username as well; `all_dialects`: whether the cookies
    of the other dialects are wanted too, for the same session.
    """

    email: str
    password: str
    all_dialects: bool = False


@frozen
class RegisterBody:
    """POST /api/auth/register."""

    email: Email
    password: str
    first_name: ShortText
    last_name: ShortText
    date_of_birth: Day
    avatar: ShortText | None = None
    nickname: ShortText | None = None
    about_me: ShortText | None = None

    def check(self, today: date) -> date:
        """The birthday, once every field was found acceptable. `today`: no birthday is later.

        Raises:
            WireError: INVALID_FIELD.
        """
        check_email("email", self.email)
        names = {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "nickname": self.nickname,
        }
        for name, text in names.items():
            check_shown_name(name, text)
        texts = {"avatar": self.avatar, "about_me": self.about_me}
        for name, text in texts.items():
            check_short_text(name, text)
        return _birthday("date_of_birth", self.date_of_birth, today)


@frozen
class ProfileBody:
    """PUT /api/users/profile. What is left out stays as it is."""

    first_name: ShortText | None = None
    last_name: ShortText | None = None
    date_of_birth: str | None = None
    avatar: ShortText | None = None
    nickname: ShortText | None = None
    about_me: ShortText | None = None
    is_public: bool | None = None

    def changes(self, given: Container[str], today: date) -> dict[str, Any]:
        """The new values by field, once all of them were found acceptable. In an optional field,
        null or an empty text removes the value; in the others, null is ignored.

        Args:
            given: the fields that were not left out.
            today: no birthday is later.

        Raises:
            WireError: INVALID_FIELD.
        """
        changes: dict[str, Any] = {}
        if self.is_public is not None:
            changes["is_public"] = self.is_public
        for name, text in (("first_name", self.first_name), ("last_name", self.last_name)):
            check_shown_name(name, text)
            if text is not None:
                changes[name] = text
        check_shown_name("nickname", self.nickname)
        optional = {"avatar": self.avatar, "nickname": self.nickname, "about_me": self.about_me}
        for name, text in optional.items():
            check_short_text(name, text)
            if name in given:
                changes[name] = text or None
        if "date_of_birth" in given:
            text = self.date_of_birth
            changes["date_of_birth"] = _birthday("date_of_birth", text, today) if text else None
        return changes


@frozen
class PasswordBody:
    """PUT /api/users/change-password."""

    current_password: str
    new_password: str


@frozen
class EmailBody:
    """PUT /api/users/me/email."""

    current_password: str
    email: Email


@frozen
class TicketBody:
    """POST /api/users/me/email/confirm."""

    ticket: str


@frozen
class ConfirmBody:
    """DELETE /api/users/me. `messages`: what becomes of the account's messages."""

    current_password: str
    messages: Annotated[str, Keywords(enum=list(MessageFate))] = MessageFate.REMOVE.value

    @property
    def fate(self) -> MessageFate:
        """What becomes of the messages.

        Raises:
            WireError: it is neither of the two.
        """
        if self.messages not in tuple(MessageFate):
            text = "messages must be keep or remove"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="messages")
        return MessageFate(self.messages)


@frozen
class MessageBody:
    """POST /api/messages/{userID}."""

    KEYWORDS: ClassVar = Keywords(required=["content"])
    content: Content = ""
    client_id: IdempotencyKey | None = None
    message_type: KindName | None = None
    file_url: FileUrl | None = None
    parent_id: MessageId | None = None

    def checked(self, limit: int, header: str | None) -> tuple[str, str | None]:
        """The content, and the idempotency key from the header `Idempotency-Key` or else the body.

        Raises:
            WireError: CONTENT_* or INVALID_FIELD.
        """
        if header is not None:
            key = check_key(header, field="Idempotency-Key")
        else:
            key = check_key(self.client_id, field="client_id")
        return check_content(self.content, limit), key


@frozen
class AddressedMessageBody(MessageBody):
    """POST /api/messages."""

    KEYWORDS: ClassVar = Keywords(
        required=["content"], anyOf=[{"required": ["recipient_id"]}, {"required": ["receiver_id"]}]
    )
    recipient_id: UserId | None = None
    receiver_id: UserId | None = None

    def recipient(self) -> UserId:
        """The recipient, in either spelling.

        Raises:
            WireError: INVALID_FIELD: neither is given.
        """
        recipient = self.recipient_id if self.recipient_id is not None else self.receiver_id
        if recipient is None:
            raise WireError(ErrorCode.INVALID_FIELD, "Invalid user ID", field="recipient_id")
        return recipient


@frozen
class ForwardBody:
    """POST /api/messages/{id}/forward."""

    recipient_id: UserId


def _birthday(field: str, text: str, today: date) -> date:
    """The date that a text begins with, which may go on with a time.

    Raises:
        WireError: INVALID_FIELD.
    """
    try:
        birthday = date.fromisoformat(text[:10])
    except ValueError:
        birthday = None
    if birthday is None or not FIRST_BIRTHDAY <= birthday <= today:
        wrong = f"{field} must be a date like 2000-12-31, from {FIRST_BIRTHDAY} to today"
        raise WireError(ErrorCode.INVALID_FIELD, wrong, field=field)
    return birthday


def check_email(field: str, text: str) -> None:
    """Refuse what is no email address.

    Raises:
        WireError: INVALID_FIELD.
    """
    if not is_address(text) or len(text) > MAX_EMAIL_CHARS:
        raise WireError(ErrorCode.INVALID_FIELD, "email must be an address", field=field)


def check_shown_name(field: str, text: str | None) -> None:
    """Refuse a part of a name that is too long or does not read as it is written.

    Raises:
        WireError: INVALID_FIELD.
    """
    check_short_text(field, text)
    if text is not None and not reads_as_written(text):
        shown = "a name has no characters that cannot be seen, or change the order of others"
        raise WireError(ErrorCode.INVALID_FIELD, shown, field=field)


def check_short_text(field: str, text: str | None) -> None:
    """Refuse a profile text that is too long or cannot be stored.

    Raises:
        WireError: INVALID_FIELD.
    """
    if text is not None and (len(text) > MAX_TEXT_CHARS or "\x00" in text):
        limit = f"a text has at most {MAX_TEXT_CHARS} characters and no NUL"
        raise WireError(ErrorCode.INVALID_FIELD, limit, field=field)
