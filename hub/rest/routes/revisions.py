"""Calls that change a stored message, which every dialect has below the path of a message.

Guarantees: method and path alone decide what kind of revision it is, the same in every dialect; it
is carried out like one that is made on a socket; the header `Idempotency-Key` is its key.
Must not know: how a dialect spells messages and ids.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypedDict

from attrs import frozen

from hub.rest.endpoint import Call, Endpoint, Handle, HttpError
from hub.rest.parameters import KEY
from hub.rest.replies import CONTENT_CODES, ErrorWording
from persistence.contents.revisions import RevisionRefusal
from protocol.answers import Changed
from protocol.commands import ReviseMessage
from protocol.errors import MAY_NOT_CHANGE, ErrorCode
from protocol.model import ChannelId, Message, MessageId, User
from protocol.parsing.content import check_content
from protocol.parsing.emoji import Emoji, check_emoji
from protocol.revisions import Delete, Edit, React, Revision
from protocol.shapes.revisions import EditBody
from protocol.shapes.timestamps import Timestamp, timestamp

MAX_VERSIONS: Final = 100
_NO_ID: Final = ErrorWording(400, ErrorCode.INVALID_FIELD, "Invalid message ID")
_NO_MESSAGE: Final = ErrorWording(404, ErrorCode.MESSAGE_NOT_FOUND, "Message not found")
_NOT_KEPT: Final = ErrorWording(404, "versions_not_kept", "This hub keeps no earlier versions")


class VersionObject(TypedDict):
    """The content of a message until an edit. `rev`: that of the edit."""

    rev: int
    content: str
    until: Timestamp


@frozen
class Reach:
    """Which messages a dialect changes, and how it reads their text.

    Args:
        only_private: messages of private conversations alone.
        content_chars: the longest text, where the dialect has a limit of its own.
        clean: changes a text before it is checked.
    """

    only_private: bool = False
    content_chars: int | None = None
    clean: Callable[[str], str] = str


async def revised(
    call: Call,
    message_id: MessageId | None,
    reach: Reach,
    wording: Mapping[ErrorCode, ErrorWording] | None = None,
) -> tuple[Message, User]:
    """Carry out the revision that the request asks for. Returns the message as the caller sees it
    afterwards, and its author. `message_id`: None when it is malformed.

    Raises:
        HttpError, WireError: it is refused, or malformed.
    """
    if message_id is None:
        raise _NO_ID.error()
    revision = await _READERS[call.request.method](call, reach)
    return await carried_out(
        call, message_id, revision, wording or {}, only_private=reach.only_private
    )


async def carried_out(
    call: Call,
    message_id: MessageId,
    revision: Revision,
    wording: Mapping[ErrorCode, ErrorWording],
    *,
    channel_id: ChannelId | None = None,
    only_private: bool = False,
) -> tuple[Message, User]:
    """Carry out a revision; see `revised`. `channel_id`: the channel that must have the message.

    Raises:
        HttpError, WireError: it is refused, or the key is malformed.
    """
    key = call.idempotency_key(None, field=KEY.name)
    command = ReviseMessage(message_id, revision, channel_id, key, only_private)
    changed = await call.carry_out(command, Changed, wording)
    messages = call.services.store.messages
    message = await messages.get(message_id, even_deleted=True, viewer=call.me)
    if message is None:  # removed with its account or its channel
        raise _NO_MESSAGE.error()
    return message, changed.author


async def _edit(call: Call, reach: Reach) -> Revision:
    limit = call.services.config.max_content_chars
    body = await call.body(EditBody)
    content = reach.clean(body.content)
    return Edit(check_content(content, min(limit, reach.content_chars or limit)))


async def _react(call: Call, _: Reach) -> Revision:
    return React(check_emoji(call.request.path_params["emoji"]))


async def _take_away(call: Call, _: Reach) -> Revision:
    emoji = call.request.path_params.get("emoji")
    return Delete() if emoji is None else React(check_emoji(emoji), is_added=False)


_READERS: Final[Mapping[str, Callable[[Call, Reach], Awaitable[Revision]]]] = {
    "PATCH": _edit,
    "PUT": _react,
    "DELETE": _take_away,
}


async def versions_of(call: Call, message_id: MessageId | None) -> list[VersionObject]:
    """The earlier versions of a message, the last first.

    Raises:
        HttpError: there is no such message, the caller is no moderator, or the hub keeps none.
    """
    if message_id is None:
        raise _NO_ID.error()
    revisions = call.services.store.revisions
    found = await revisions.versions(call.me, message_id, limit=MAX_VERSIONS)
    if found is RevisionRefusal.NOT_FOUND:
        raise _NO_MESSAGE.error()
    if isinstance(found, RevisionRefusal):
        raise HttpError(403, ErrorCode.NOT_ALLOWED, MAY_NOT_CHANGE)
    if not call.services.config.keep_versions:
        raise _NOT_KEPT.error()
    return [
        {"rev": each.rev, "content": each.content, "until": timestamp(each.until)} for each in found
    ]


_REFUSED: Final[Mapping[int, tuple[ErrorCode, ...]]] = {
    400: (ErrorCode.INVALID_FIELD,),
    403: (ErrorCode.NOT_ALLOWED,),
    404: (ErrorCode.MESSAGE_NOT_FOUND,),
    409: (ErrorCode.KEY_CONFLICT,),
    429: (ErrorCode.RATE_LIMITED,),
}
_EDITED: Final = {
    **_REFUSED,
    400: (*CONTENT_CODES, ErrorCode.INVALID_FIELD),
    403: (ErrorCode.NOT_ALLOWED, ErrorCode.NOT_YOURS, ErrorCode.TOO_LATE),
    422: (ErrorCode.UNSTORABLE,),
}
_UNREACTED: Final = {**_REFUSED, 400: (ErrorCode.NO_EMOJI, ErrorCode.INVALID_FIELD)}
_REACTED: Final = {**_UNREACTED, 409: (ErrorCode.KEY_CONFLICT, ErrorCode.TOO_MANY_REACTIONS)}
_SHOWN: Final = "the message as it is now"


def revision_endpoints(
    handle: Handle, messages: str = "/api/messages", *, delete: Handle | None = None
) -> tuple[Endpoint, ...]:
    """The calls of one dialect.

    Args:
        handle: makes the revision, and returns the message.
        messages: the path of its messages.
        delete: the same for a deletion, if its response differs.
    """
    message = f"{messages}/{{message_id}}"
    reaction, keyed = f"{message}/reactions/{{emoji}}", (KEY,)
    spelt = {"emoji": Emoji}
    return (
        Endpoint(
            "PATCH",
            message,
            "Edit the content of one of the caller's messages",
            handle,
            {200: _SHOWN, **_EDITED},
            body=EditBody,
            parameters=keyed,
        ),
        Endpoint(
            "DELETE",
            message,
            "Delete a message",
            delete or handle,
            {200: "done" if delete else _SHOWN, **_REFUSED},
            parameters=keyed,
        ),
        Endpoint(
            "PUT",
            reaction,
            "React to a message with one emoji",
            handle,
            {200: _SHOWN, **_REACTED},
            parameters=keyed,
            path_types=spelt,
        ),
        Endpoint(
            "DELETE",
            reaction,
            "Remove a reaction of the caller",
            handle,
            {200: _SHOWN, **_UNREACTED},
            parameters=keyed,
            path_types=spelt,
        ),
    )


def versions_endpoint(handle: Handle) -> Endpoint:
    """The call for earlier versions."""
    return Endpoint(
        "GET",
        "/api/messages/{message_id}/versions",
        "List the earlier versions of a message; for moderators",
        handle,
        {
            200: "the versions, newest first",
            400: [ErrorCode.INVALID_FIELD],
            403: [ErrorCode.NOT_ALLOWED],
            404: [ErrorCode.MESSAGE_NOT_FOUND, _NOT_KEPT.code],
        },
    )
