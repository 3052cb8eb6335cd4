"""One example of every event, and of a message that has everything a message can have."""

from datetime import UTC, datetime
from typing import Final

from attrs import evolve

from protocol.errors import ErrorCode
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
    Event,
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
from protocol.model import (
    Channel,
    ChannelId,
    ChannelKind,
    DeliveryStatus,
    GradingStatus,
    Mention,
    Message,
    MessageId,
    MessageKind,
    Reaction,
    Reply,
    Thread,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)
from protocol.notes import ChannelNote, HiddenNote, Mute
from protocol.revisions import React

AT: Final = datetime(2024, 1, 1, 12, 0, 0, 7_000, UTC)
ANN: Final = User(UserId(1), "ann", "Ann", AT, AT)
MESSAGE: Final = Message(MessageId(9), ChannelId(3), 4, UserId(1), "hi", AT, UserId(2), key="k")
CHANNEL: Final = Channel(ChannelId(3), ChannelKind.TEXT, "general", AT, WorkspaceId(5))
WORKSPACE: Final = Workspace(WorkspaceId(5), "w", None, UserId(1), (UserId(1),), AT)
PAIR: Final = (UserId(1), UserId(2))
IDS: Final = (MessageId(8), MessageId(9))

THUMB: Final = "\N{THUMBS UP SIGN}"
REPLY: Final = Reply(MessageId(9), UserId(1), AT)
THREAD: Final = Thread(MessageId(7), 2, REPLY)
FULL_MESSAGE: Final = evolve(
    MESSAGE,
    kind=MessageKind.FILE,
    file_url="/uploads/2024-01-01/1_a.txt",
    parent_id=MessageId(7),
    read_by=(UserId(2),),
    is_delivered=True,
    is_forwarded=True,
    rev=6,
    edited_at=AT,
    is_deleted=True,
    is_pinned=True,
    is_homework=True,
    grading=GradingStatus.GRADED,
    reactions=(Reaction(THUMB, 1, (UserId(1),)),),
    thread=Thread(MessageId(6), 2, REPLY),
    replies=Thread(MessageId(9), 1, Reply(MessageId(10), UserId(2), AT)),
)

REVISED: Final = evolve(
    MESSAGE,
    content="revised",
    rev=6,
    edited_at=AT,
    is_pinned=True,
    reactions=(Reaction(THUMB, 2, (UserId(1), UserId(2))),),
)

MENTIONING: Final = evolve(
    MESSAGE, mentions=(Mention(UserId(2), "ben"),), mentions_channel=True, key=None
)
CHANNEL_NOTE: Final = ChannelNote(ChannelId(3), 7, PAIR, unread_from=4, mute=Mute())
HIDDEN_NOTE: Final = HiddenNote(ChannelId(3), 8, MessageId(9), 4, is_hidden=True, pair=PAIR)
NOTED: Final = Noted(UserId(1), CHANNEL_NOTE, AT)
GRADED: Final = evolve(REVISED, is_homework=True, grading=GradingStatus.GRADED)

EVENTS: Final[tuple[Event, ...]] = (
    Connected(ANN, AT, "epoch"),
    PrivateMessagePosted(MESSAGE, ANN, UserId(2)),
    ChannelMessagePosted(MESSAGE, ANN, WorkspaceId(5)),
    ConversationBegun(MESSAGE, ANN),
    TypingChanged(UserId(1), "ann", "Ann", UserId(2), is_typing=True, at=AT),
    ChannelTyping(ChannelId(3), WorkspaceId(5), ANN),
    PresenceChanged(UserId(1), online=True),
    WorkspacePresence(WorkspaceId(5), UserId(1), online=True),
    ChannelPresence(ChannelId(3), UserId(1), "ann", online=True),
    PrivateMessagesRead(UserId(2), UserId(1), 4, IDS, AT),
    PrivateMessagesDelivered(UserId(2), UserId(1), 4),
    ChannelMessagesRead(ChannelId(3), UserId(2), IDS),
    MessagesSeen(ChannelId(3), UserId(1), UserId(2), IDS, DeliveryStatus.DELIVERED),
    PrivateMessageRevised(REVISED, AT, React(THUMB), ANN),
    ChannelMessageRevised(GRADED, AT, React(THUMB), ANN, WorkspaceId(5)),
    NOTED,
    MentionChanged(MENTIONING, WorkspaceId(5), AT),
    JoinedChannel(ChannelId(3)),
    LeftChannel(ChannelId(3), "because"),
    ConversationRevoked(UserId(1), UserId(2), ChannelId(3), AT),
    ConversationSubscribed("conv_1_2", subscribed=True, at=AT),
    ConversationHistory(PAIR, (MESSAGE,), {UserId(1): ANN}, AT),
    HeartbeatAcknowledged(),
    Ready(ANN, (WORKSPACE,), "epoch"),
    ChannelCreated(CHANNEL),
    ChannelsAdded([(CHANNEL, 4, 2)]),
    MemberAdded(WORKSPACE, ANN),
    MemberRemoved(WORKSPACE, ANN.id, ANN),
    RequestChanged(ANN.id, UserId(2), is_waiting=False),
    InvitationsChanged(ANN.id, 2),
    ChannelDeleted(ChannelId(10), WORKSPACE.id),
    WorkspaceDeleted(WORKSPACE.id),
    Refused.because(ErrorCode.NOT_ALLOWED, "k"),
    Announced("The hub is restarted at noon.", AT),
    Shed(7, AT),
    MessageConfirmed(MESSAGE, joined=True),
    ThreadReplied(FULL_MESSAGE, THREAD),
    ConversationsResumed(
        UserId(1),
        complete=True,
        after={UserId(2): 4},
        at=AT,
        epoch="epoch",
        reset=True,
    ),
    ChannelsResumed(
        complete=False,
        after={ChannelId(3): 4},
        epoch="epoch",
        reset=True,
    ),
)
