"""How clients of the learning platform see messages, channels, workspaces and users.

Shared by `/ws/chat`, `/gateway` and the platform's REST.

Guarantees: the same message looks the same live and in history.
Must not know: for whom it is shown.
"""

from typing import Literal, NotRequired, TypedDict

from protocol.bounds import MAX_PINS
from protocol.events import ThreadReplied
from protocol.model import (
    Channel,
    ChannelId,
    ChannelKind,
    GradingStatus,
    Message,
    MessageId,
    MessageKind,
    Role,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)
from protocol.shapes.mentions import add_mentions
from protocol.shapes.revisions import RevisedFields, add_revision
from protocol.shapes.threads import ReplyObject, ThreadObject, add_threads, thread_object
from protocol.shapes.timestamps import Timestamp, timestamp


class ChatMessageObject(RevisedFields):
    """A message of a channel."""

    id: MessageId
    channelId: ChannelId
    authorId: UserId
    authorUsername: str
    authorDisplayName: str
    senderRole: Role
    content: str
    messageType: MessageKind
    type: MessageKind
    fileUrl: str | None
    readBy: tuple[UserId, ...]
    createdAt: Timestamp
    isPinned: bool
    isHomework: bool
    gradingStatus: GradingStatus | None
    seq: int
    parentId: NotRequired[MessageId]
    replyTo: NotRequired[MessageId]
    replyCount: NotRequired[int]
    lastReply: NotRequired[ReplyObject[MessageId, UserId]]
    threadId: NotRequired[MessageId]
    thread: NotRequired[ThreadObject[MessageId, UserId]]
    clientMessageId: NotRequired[str]
    isForwarded: NotRequired[Literal[True]]


class ThreadReplyObject(TypedDict):
    """A reply in a thread that the client's user follows."""

    messageId: MessageId
    channelId: ChannelId
    userId: UserId
    thread: ThreadObject[MessageId, UserId]


_ClassName = TypedDict("_ClassName", {"class": str | None})  # a keyword of Python


class ChannelObject(_ClassName):
    """A channel."""

    id: ChannelId
    workspaceId: WorkspaceId | None
    name: str
    type: ChannelKind
    subject: str | None
    pinnedMessages: tuple[MessageId, ...]
    createdAt: Timestamp


class ChannelHeadObject(ChannelObject):
    """A channel and its last positions. `lastSeq`: of its newest message, `lastRev`: of the last
    revision of a message, or 0.
    """

    lastSeq: int
    lastRev: int


class WorkspaceObject(TypedDict):
    """A workspace."""

    id: WorkspaceId
    name: str
    description: str | None
    ownerId: UserId
    members: tuple[UserId, ...]
    createdAt: Timestamp


class MemberObject(_ClassName):
    """A user as the other members see them."""

    id: UserId
    username: str
    name: str
    role: Role
    avatar: str | None
    subject: str | None


class AccountObject(MemberObject):
    """A user as they see themself."""

    email: str | None
    createdAt: Timestamp


def chat_message_object(message: Message, author: User) -> ChatMessageObject:
    """A message; see docs/dialects/learning_chat.md#message-object.

    Older clients read `type`, newer ones `messageType`, and some `replyTo` where others read
    `parentId`, so both are sent.
    """
    view: ChatMessageObject = {
        "id": message.id,
        "channelId": message.channel_id,
        "authorId": message.author_id,
        "authorUsername": author.username,
        "authorDisplayName": author.name,
        "senderRole": author.role,
        "content": message.content,
        "messageType": message.kind,
        "type": message.kind,
        "fileUrl": message.file_url,
        "readBy": message.read_by,
        "createdAt": timestamp(message.created_at),
        "isPinned": message.is_pinned,
        "isHomework": message.is_homework,
        "gradingStatus": message.grading,
        "seq": message.seq,
    }
    if message.parent_id is not None:
        view["parentId"] = view["replyTo"] = message.parent_id
    if message.key is not None:
        view["clientMessageId"] = message.key
    add_mentions(view, message, UserId)
    if message.is_forwarded:
        view["isForwarded"] = True
    add_revision(view, message)
    add_threads(view, message, MessageId, UserId)
    return view


def thread_reply_object(event: ThreadReplied) -> ThreadReplyObject:
    """A reply in a thread that the client's user follows."""
    return {
        "messageId": event.message.id,
        "channelId": event.message.channel_id,
        "userId": event.message.author_id,
        "thread": thread_object(event.thread, MessageId, UserId),
    }


def channel_object(channel: Channel) -> ChannelObject:
    """A channel; see docs/dialects/learning_chat.md#channel-object."""
    return {
        "id": channel.id,
        "workspaceId": channel.workspace_id,
        "name": channel.name,
        "type": channel.kind,
        "class": channel.class_name,
        "subject": channel.subject,
        "pinnedMessages": channel.pinned,
        "createdAt": timestamp(channel.created_at),
    }


def channel_head_object(channel: Channel, last_seq: int, last_rev: int) -> ChannelHeadObject:
    """A channel and its last positions; see docs/dialects/learning_chat.md#channel-object."""
    return {**channel_object(channel), "lastSeq": last_seq, "lastRev": last_rev}


def added_channel_object(channel: Channel, last_seq: int, last_rev: int) -> ChannelHeadObject:
    """The same for a channel that is new to a user, with as many pins as a frame may have."""
    pinned = channel.pinned[-MAX_PINS:]
    return {**channel_head_object(channel, last_seq, last_rev), "pinnedMessages": pinned}


def workspace_object(workspace: Workspace) -> WorkspaceObject:
    """A workspace; see docs/dialects/learning_chat.md#workspace-object."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "ownerId": workspace.owner_id,
        "members": workspace.members,
        "createdAt": timestamp(workspace.created_at),
    }


def member_object(user: User) -> MemberObject:
    """A user as the other members see them."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "role": user.role,
        "avatar": user.avatar,
        "class": user.class_name,
        "subject": user.subject,
    }


def account_object(user: User) -> AccountObject:
    """A user as they see themself; see docs/dialects/learning_chat.md#user-object."""
    return {
        **member_object(user),
        "email": user.email,
        "createdAt": timestamp(user.created_at),
    }
