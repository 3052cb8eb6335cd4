"""REST bodies of dialect E (contract R.4): what requests must hold, how answers look.

Guarantees: a body that structures is well-formed; what is shown of a user to others holds neither
email nor birthday. Must not know: HTTP, sessions, the store.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from attrs import frozen

from protocol.content import check_content, check_key
from protocol.errors import ErrorCode, WireError
from protocol.model import Message, MessageId, User, UserId
from protocol.views import private_message_object, timestamp

MAX_TEXT_CHARS = 1_000
MAX_EMAIL_CHARS = 254


@frozen
class LoginBody:
    """POST /api/auth/login. `email` may be a username as well."""

    email: str
    password: str


@frozen
class RegisterBody:
    """POST /api/auth/register."""

    email: str
    password: str
    first_name: str
    last_name: str
    date_of_birth: str
    avatar: str | None = None
    nickname: str | None = None
    about_me: str | None = None

    def check(self) -> date:
        """The birthday, once every field was found acceptable.

        Raises:
            WireError: INVALID_FIELD.
        """
        local, at, domain = self.email.partition("@")
        if not (local and at and domain) or len(self.email) > MAX_EMAIL_CHARS:
            raise WireError(ErrorCode.INVALID_FIELD, "email must be an address")
        texts = (self.first_name, self.last_name, self.avatar, self.nickname, self.about_me)
        for text in (self.email, *texts):
            check_short_text(text)
        try:
            return date.fromisoformat(self.date_of_birth[:10])
        except ValueError:
            raise WireError(
                ErrorCode.INVALID_FIELD, "date_of_birth must be a date like 2000-12-31"
            ) from None


@frozen
class ProfileBody:
    """PUT /api/users/me/profile."""

    is_public: bool


@frozen
class MessageBody:
    """POST /api/messages/{userID}."""

    content: str = ""
    client_id: str | None = None
    message_type: str | None = None
    file_url: str | None = None
    parent_id: MessageId | None = None

    def checked(self, limit: int, key: str | None) -> tuple[str, str | None]:
        """The content, and the idempotency key from the header or else the body.

        Raises:
            WireError: CONTENT_* or INVALID_FIELD.
        """
        key = check_key(key if key is not None else self.client_id)
        return check_content(self.content, limit, key=key), key


@frozen
class AddressedMessageBody(MessageBody):
    """POST /api/messages."""

    recipient_id: UserId | None = None
    receiver_id: UserId | None = None

    def recipient(self) -> UserId:
        """Whom it is for, in either spelling.

        Raises:
            WireError: INVALID_FIELD: neither is given.
        """
        recipient = self.recipient_id if self.recipient_id is not None else self.receiver_id
        if recipient is None:
            raise WireError(ErrorCode.INVALID_FIELD, "Invalid user ID")
        return recipient


def check_short_text(text: str | None) -> None:
    """Refuse a profile text that is too long or cannot be stored.

    Raises:
        WireError: INVALID_FIELD.
    """
    if text is not None and (len(text) > MAX_TEXT_CHARS or "\x00" in text):
        raise WireError(
            ErrorCode.INVALID_FIELD, f"a text has at most {MAX_TEXT_CHARS} characters and no NUL"
        )


def user_object(user: User) -> dict[str, object]:
    """A user as everybody may see them."""
    view: dict[str, object] = {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
        "is_public": user.is_public,
    }
    optional = {"avatar": user.avatar, "nickname": user.nickname, "about_me": user.about_me}
    return view | {name: value for name, value in optional.items() if value is not None}


def own_user_object(user: User) -> dict[str, object]:
    """A user as they see themself."""
    birthday = None if user.date_of_birth is None else user.date_of_birth.isoformat()
    return user_object(user) | {"email": user.email, "date_of_birth": birthday}


def message_objects(
    messages: Iterable[Message], people: Mapping[UserId, User]
) -> list[dict[str, object]]:
    """Private messages in history, each with both its people (contract R.4)."""
    views = {user_id: user_object(user) for user_id, user in people.items()}
    shown: list[dict[str, object]] = []
    for message in messages:
        if message.recipient_id is None:
            raise ValueError("not a private message")
        view = private_message_object(message, message.recipient_id)
        view["sender"] = views[message.author_id]
        view["receiver"] = views[message.recipient_id]
        shown.append(view)
    return shown
