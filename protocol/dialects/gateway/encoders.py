"""The frames a client of `/gateway` receives. See docs/dialects/gateway.md#frames."""

from typing import Final, Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar

from protocol.bounds import MAX_MEMBERS, first_that_fit
from protocol.dialect import (
    Encoders,
    omitting,
)
from protocol.events import (
    Announced,
    ChannelCreated,
    ChannelDeleted,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationBegun,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    HeartbeatAcknowledged,
    InvitationsChanged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    MentionChanged,
    MessageConfirmed,
    MessagesSeen,
    Noted,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessageRevised,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Ready,
    Refused,
    RequestChanged,
    Shed,
    ThreadReplied,
    TypingChanged,
    WorkspaceDeleted,
    WorkspacePresence,
)
from protocol.model import ChannelId, MessageId, User, UserId, Workspace, WorkspaceId
from protocol.notes import ChannelNote
from protocol.revisions import React
from protocol.shapes.learning_platform import (
    AccountObject,
    ChannelObject,
    ChatMessageObject,
    MemberObject,
    ThreadReplyObject,
    WorkspaceObject,
    account_object,
    channel_object,
    chat_message_object,
    member_object,
    thread_reply_object,
    workspace_object,
)
from protocol.shapes.mentions import MentionState, mention_state
from protocol.shapes.notes import (
    NotedChannelObject,
    NotedMessageObject,
    noted_channel,
    noted_message,
)
from protocol.shapes.resumed import ResumedObject, resumed_object
from protocol.shapes.revisions import StateObject, state_object
from protocol.shapes.timestamps import Timestamp, timestamp

K = TypeVar("K")
D = TypeVar("D")


class Dispatch(TypedDict, Generic[K, D]):
    """Every frame but `HEARTBEAT_ACK`."""

    t: K
    d: D


class ReadyData(TypedDict):
    """Who the client is, and the workspaces whose events it gets from now on. `complete`: false if
    they are too many to be shown in one frame. `epoch`: which log it is.
    """

    user: AccountObject
    guilds: list[WorkspaceObject]
    epoch: str
    complete: NotRequired[Literal[False]]


class MessageData(ChatMessageObject):
    """A message, and the workspace of its channel."""

    workspaceId: WorkspaceId | None


class TypingData(TypedDict):
    """A user types in a channel."""

    userId: UserId
    username: str
    channelId: ChannelId
    workspaceId: WorkspaceId | None


class PresenceData(TypedDict):
    """A member of a workspace came or went."""

    userId: UserId
    status: Literal["online", "offline"]
    workspaceId: WorkspaceId


class MembershipData(TypedDict):
    """A user, and the workspace that they joined or left, as it is now. `user`: absent if the
    account was deleted.
    """

    workspaceId: WorkspaceId
    userId: UserId
    user: NotRequired[MemberObject]
    guild: WorkspaceObject


class ReadData(TypedDict):
    """The client's user has read a channel up to this message, on another device."""

    messageId: MessageId
    channelId: ChannelId
    userId: UserId


class DeletedChannelData(TypedDict):
    """A channel that is no more."""

    id: ChannelId
    workspaceId: WorkspaceId


class DeletedGuildData(TypedDict):
    """A workspace that is no more."""

    id: WorkspaceId


class AnnouncementData(TypedDict):
    """An announcement of the operator to everybody."""

    text: str
    timestamp: Timestamp


class ShedData(TypedDict):
    """So many frames were dropped, because the client reads too slowly."""

    events: int


class HeartbeatAckFrame(TypedDict):
    """The acknowledgement of `HEARTBEAT`."""

    op: Literal["HEARTBEAT_ACK"]


def _dispatch(kind: K, data: D) -> tuple[Dispatch[K, D]]:
    return ({"t": kind, "d": data},)


def _ready(event: Ready) -> tuple[Dispatch[Literal["READY"], ReadyData]]:
    guilds = first_that_fit([_guild(workspace) for workspace in event.workspaces])
    data: ReadyData = {
        "user": account_object(event.user),
        "guilds": guilds,
        "epoch": event.epoch,
    }
    shown = sum(len(guild["members"]) for guild in guilds)
    if shown < sum(len(workspace.members) for workspace in event.workspaces):
        data["complete"] = False
    return _dispatch("READY", data)


def _guild(workspace: Workspace) -> WorkspaceObject:
    """A workspace, with as many of its members as a frame may have."""
    return {**workspace_object(workspace), "members": workspace.members[:MAX_MEMBERS]}


RevisedName: TypeAlias = Literal[
    "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"
]


class RevisedData(StateObject[MessageId, UserId]):
    """A message was changed."""

    id: MessageId
    channelId: ChannelId
    workspaceId: WorkspaceId | None


class MentionData(MentionState[UserId]):
    """A message of one of the user's workspaces mentions the user, or does so no longer."""

    id: MessageId
    channelId: ChannelId
    workspaceId: WorkspaceId


def _posted(
    event: ChannelMessagePosted,
) -> tuple[Dispatch[Literal["MESSAGE_CREATE"], MessageData]]:
    message = chat_message_object(event.message, event.author)
    return _dispatch("MESSAGE_CREATE", {**message, "workspaceId": event.workspace_id})


def _revised(event: ChannelMessageRevised) -> tuple[Dispatch[RevisedName, RevisedData]]:
    data: RevisedData = {
        "id": event.message.id,
        "channelId": event.message.channel_id,
        "workspaceId": event.workspace_id,
        **state_object(event, MessageId, UserId),
    }
    return _dispatch(_revised_name(event), data)


def _mention(
    event: MentionChanged,
) -> tuple[Dispatch[Literal["MESSAGE_MENTION"], MentionData], ...]:
    if event.workspace_id is None:
        return ()  # private messages are other dialects'
    data: MentionData = {
        "id": event.about.id,
        "channelId": event.about.channel_id,
        "workspaceId": event.workspace_id,
        **mention_state(event, UserId),
    }
    return ({"t": "MESSAGE_MENTION", "d": data},)


def _revised_name(event: ChannelMessageRevised) -> RevisedName:
    if event.message.is_deleted:
        return "MESSAGE_DELETE"
    match event.revision:
        case React(is_added=True):
            return "MESSAGE_REACTION_ADD"
        case React():
            return "MESSAGE_REACTION_REMOVE"
        case _:
            return "MESSAGE_UPDATE"


def _thread_replied(
    event: ThreadReplied,
) -> tuple[Dispatch[Literal["THREAD_REPLY"], ThreadReplyObject]]:
    return _dispatch("THREAD_REPLY", thread_reply_object(event))


def _typing(event: ChannelTyping) -> tuple[Dispatch[Literal["TYPING_START"], TypingData], ...]:
    if not event.is_typing:
        return ()  # clients let the indicator run out
    data: TypingData = {
        "userId": event.user.id,
        "username": event.user.username,
        "channelId": event.channel_id,
        "workspaceId": event.workspace_id,
    }
    return ({"t": "TYPING_START", "d": data},)


def _presence(
    event: WorkspacePresence,
) -> tuple[Dispatch[Literal["PRESENCE_UPDATE"], PresenceData]]:
    data: PresenceData = {
        "userId": event.user_id,
        "status": "online" if event.online else "offline",
        "workspaceId": event.workspace_id,
    }
    return _dispatch("PRESENCE_UPDATE", data)


def _messages_read(
    event: ChannelMessagesRead,
) -> tuple[Dispatch[Literal["MESSAGE_READ"], ReadData], ...]:
    return tuple(
        {
            "t": "MESSAGE_READ",
            "d": {
                "messageId": message_id,
                "channelId": event.channel_id,
                "userId": event.reader_id,
            },
        }
        for message_id in event.message_ids
    )


def _channel_created(
    event: ChannelCreated,
) -> tuple[Dispatch[Literal["CHANNEL_CREATE"], ChannelObject]]:
    return _dispatch("CHANNEL_CREATE", channel_object(event.channel))


def _member_added(
    event: MemberAdded,
) -> tuple[Dispatch[Literal["GUILD_MEMBER_ADD"], MembershipData]]:
    return _dispatch("GUILD_MEMBER_ADD", _membership(event.workspace, event.user.id, event.user))


def _member_removed(
    event: MemberRemoved,
) -> tuple[Dispatch[Literal["GUILD_MEMBER_REMOVE"], MembershipData]]:
    data = _membership(event.workspace, event.user_id, event.user)
    return _dispatch("GUILD_MEMBER_REMOVE", data)


def _channel_deleted(
    event: ChannelDeleted,
) -> tuple[Dispatch[Literal["CHANNEL_DELETE"], DeletedChannelData]]:
    data: DeletedChannelData = {"id": event.channel_id, "workspaceId": event.workspace_id}
    return _dispatch("CHANNEL_DELETE", data)


def _workspace_deleted(
    event: WorkspaceDeleted,
) -> tuple[Dispatch[Literal["GUILD_DELETE"], DeletedGuildData]]:
    return _dispatch("GUILD_DELETE", {"id": event.workspace_id})


def _resumed(event: ChannelsResumed) -> tuple[Dispatch[Literal["RESUMED"], ResumedObject]]:
    return _dispatch("RESUMED", resumed_object(event, str))


_Noted: TypeAlias = Dispatch[Literal["CHANNEL_NOTED"], NotedChannelObject]
_Hidden: TypeAlias = Dispatch[Literal["MESSAGE_HIDDEN"], NotedMessageObject]


def _noted(event: Noted) -> tuple[_Noted | _Hidden]:
    if isinstance(event.note, ChannelNote):
        noted: _Noted = {"t": "CHANNEL_NOTED", "d": noted_channel(event.note, event.at)}
        return (noted,)
    hidden: _Hidden = {"t": "MESSAGE_HIDDEN", "d": noted_message(event.note)}
    return (hidden,)


def _announced(event: Announced) -> tuple[Dispatch[Literal["ANNOUNCEMENT"], AnnouncementData]]:
    return _dispatch("ANNOUNCEMENT", {"text": event.text, "timestamp": timestamp(event.at)})


def _shed(event: Shed) -> tuple[Dispatch[Literal["SHED"], ShedData]]:
    return _dispatch("SHED", {"events": event.count})


def _heartbeat_acknowledged(_: HeartbeatAcknowledged) -> tuple[HeartbeatAckFrame]:
    return ({"op": "HEARTBEAT_ACK"},)


def _membership(workspace: Workspace, user_id: UserId, user: User | None) -> MembershipData:
    data: MembershipData = {
        "workspaceId": workspace.id,
        "userId": user_id,
        "guild": _guild(workspace),
    }
    if user is not None:
        data["user"] = member_object(user)
    return data


ENCODERS: Final[Encoders] = {
    ChannelMessagePosted: _posted,
    ChannelMessageRevised: _revised,
    MentionChanged: _mention,
    ThreadReplied: _thread_replied,
    ChannelTyping: _typing,
    WorkspacePresence: _presence,
    ChannelMessagesRead: _messages_read,
    Ready: _ready,
    ChannelCreated: _channel_created,
    MemberAdded: _member_added,
    MemberRemoved: _member_removed,
    ChannelDeleted: _channel_deleted,
    WorkspaceDeleted: _workspace_deleted,
    ChannelsResumed: _resumed,
    Noted: _noted,
    Announced: _announced,
    Shed: _shed,
    HeartbeatAcknowledged: _heartbeat_acknowledged,
}


OMITS: Final = omitting(
    {
        "private messages, their receipts and typing are other dialects'": (
            PrivateMessagePosted,
            PrivateMessageRevised,
            ConversationBegun,
            PrivateMessagesRead,
            PrivateMessagesDelivered,
            TypingChanged,
            ConversationRevoked,
            ConversationSubscribed,
            ConversationHistory,
            ConversationsResumed,
        ),
        "message requests and invitations are other dialects'": (
            RequestChanged,
            InvitationsChanged,
        ),
        "clients send no messages": (MessageConfirmed,),
        "clients show no receipts of others": (MessagesSeen,),
        "clients are in a whole workspace and do not join channels": (JoinedChannel, LeftChannel),
        "a new channel arrives as ChannelCreated, a new member as MemberAdded": (ChannelsAdded,),
        "presence arrives per workspace, as WorkspacePresence": (PresenceChanged, ChannelPresence),
        "nothing is sent before IDENTIFY, which READY answers": (Connected,),
        "what is refused is ignored silently": (Refused,),
    }
)
