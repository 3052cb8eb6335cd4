"""How the messenger shows messages, live and over REST. See docs/dialects/messenger.md.

Guarantees: a message looks the same live and in history. Must not know: for whom it is shown.
"""

from typing import Literal, NotRequired

from protocol.dialects.messenger.conversations import ConversationName, conversation_id
from protocol.model import Message, Role, User, UserId, recipient_of
from protocol.parsing.content import KindName
from protocol.shapes.mentions import add_mentions
from protocol.shapes.revisions import RevisedFields, add_revision
from protocol.shapes.threads import ThreadFields, add_threads
from protocol.shapes.timestamps import Timestamp, timestamp


class ConversationMessageObject(RevisedFields, ThreadFields[str, UserId]):
    """A private message."""

    id: str
    messageId: str
    conversationId: ConversationName
    senderId: UserId
    senderName: str
    senderRole: Role
    recipientId: UserId | None
    content: str
    timestamp: Timestamp
    readBy: tuple[UserId, ...]
    isRead: bool
    messageType: KindName
    seq: int
    fileUrl: NotRequired[str]
    parentId: NotRequired[str]
    clientMessageId: NotRequired[str]
    isForwarded: NotRequired[Literal[True]]


def conversation_message_object(message: Message, author: User) -> ConversationMessageObject:
    """A private message; see docs/dialects/messenger.md#message-object."""
    view: ConversationMessageObject = {
        "id": str(message.id),
        "messageId": str(message.id),
        "conversationId": conversation_id(message.author_id, recipient_of(message)),
        "senderId": message.author_id,
        "senderName": author.name,
        "senderRole": author.role,
        "recipientId": message.recipient_id,
        "content": message.content,
        "timestamp": timestamp(message.created_at),
        "readBy": message.read_by,
        "isRead": message.is_read,
        "messageType": message.kind.plain,
        "seq": message.seq,
    }
    if message.file_url is not None:
        view["fileUrl"] = message.file_url
    if message.parent_id is not None:
        view["parentId"] = str(message.parent_id)
    if message.key is not None:
        view["clientMessageId"] = message.key
    add_mentions(view, message, UserId)
    if message.is_forwarded:
        view["isForwarded"] = True
    add_revision(view, message)
    add_threads(view, message, str, UserId)
    return view
