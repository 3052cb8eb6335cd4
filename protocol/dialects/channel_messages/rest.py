"""REST of Socket.IO clients: its bodies, and how it spells errors.

See docs/dialects/channel_messages.md#rest. Guarantees: a body that structures has the right types.
Field names are camel case in JSON. Must not know: HTTP, sessions, the store.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, NotRequired, TypedDict

from attrs import frozen

from protocol.dialects.channel_messages.shapes import MAX_CONTENT_CHARS
from protocol.parsing.content import Content, IdempotencyKey
from protocol.rest import RestDialect, camel_case
from protocol.schemas import Keywords
from protocol.shapes.uuids import ChannelUuid, MessageUuid, Uuid


class ErrorObject(TypedDict):
    """An error. `field`: the field of the body or query that is at fault, if there is one."""

    statusCode: int
    message: str
    error: str
    code: str
    field: NotRequired[str]


def _error(status: int, text: str, code: str) -> ErrorObject:
    phrase = HTTPStatus(status).phrase
    return {"statusCode": status, "message": text, "error": phrase, "code": code}


def _claims(body: Mapping[str, object]) -> bool:
    return isinstance(body.get("channelId"), str)


REST: Final = RestDialect(
    "channel_messages",
    None,
    _error,
    unauthorized=_error(401, "Unauthorized", "not_signed_in"),
    naming=camel_case,
    identifier=Uuid,
    claims=_claims,
)


@frozen
class ChannelMessageBody:
    """POST /api/messages of the Socket.IO clients. Ids are UUIDs."""

    content: Annotated[Content, Keywords(maxLength=MAX_CONTENT_CHARS)]
    channel_id: ChannelUuid
    parent_id: MessageUuid | None = None
    temp_id: IdempotencyKey | None = None


@frozen
class ForwardBody:
    """POST /api/messages/{id}/forward."""

    channel_id: ChannelUuid
