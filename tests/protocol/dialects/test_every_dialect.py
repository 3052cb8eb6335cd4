"""What holds for every dialect: no text raises, every event can be told."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from protocol.dialect import AcceptAndClose, Dialect, RefuseUpgrade, Stranger
from protocol.dialects import BY_PATH
from protocol.errors import ErrorCode
from protocol.events import (
    ChannelCreated,
    ChannelMessagePosted,
    ChannelMessagesRead,
    ChannelPresence,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationHistory,
    ConversationRevoked,
    ConversationsResumed,
    ConversationSubscribed,
    Event,
    HeartbeatAcknowledged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    MessageConfirmed,
    MessagesSeen,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
    Ready,
    Refused,
    Shed,
    TypingChanged,
    WorkspacePresence,
)
from protocol.model import (
    Channel,
    ChannelId,
    ChannelKind,
    DeliveryStatus,
    Message,
    MessageId,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)

DIALECTS = sorted({dialect.name: dialect for dialect in BY_PATH.values()}.values(), key=str)
AT = datetime(2024, 1, 1, 12, 0, 0, 7_000, UTC)
ANN = User(UserId(1), "ann", "Ann", AT, AT)
MESSAGE = Message(MessageId(9), ChannelId(3), 4, UserId(1), "hi", AT, UserId(2), key="k")
CHANNEL = Channel(ChannelId(3), ChannelKind.TEXT, "general", AT, WorkspaceId(5))
WORKSPACE = Workspace(WorkspaceId(5), "w", None, UserId(1), (UserId(1),), AT)
PAIR = (UserId(1), UserId(2))
IDS = (MessageId(8), MessageId(9))

EVENTS: tuple[Event, ...] = (
    Connected(ANN, AT),
    PrivateMessagePosted(MESSAGE, ANN, UserId(2)),
    ChannelMessagePosted(MESSAGE, ANN, WorkspaceId(5)),
    TypingChanged(UserId(1), "ann", "Ann", UserId(2), is_typing=True, at=AT),
    ChannelTyping(ChannelId(3), WorkspaceId(5), UserId(1), "ann"),
    PresenceChanged(UserId(1), online=True),
    WorkspacePresence(WorkspaceId(5), UserId(1), online=True),
    ChannelPresence(ChannelId(3), UserId(1), "ann", online=True),
    PrivateMessagesRead(UserId(2), UserId(1), 4, IDS, AT),
    PrivateMessagesDelivered(UserId(2), UserId(1), 4),
    ChannelMessagesRead(ChannelId(3), UserId(2), IDS),
    MessagesSeen(ChannelId(3), UserId(1), UserId(2), IDS, DeliveryStatus.READ),
    JoinedChannel(ChannelId(3)),
    LeftChannel(ChannelId(3), "because"),
    ConversationRevoked(UserId(1), UserId(2), ChannelId(3), AT),
    ConversationSubscribed("conv_1_2", subscribed=True, at=AT),
    ConversationHistory(PAIR, (MESSAGE,), {UserId(1): ANN}, AT),
    HeartbeatAcknowledged(),
    Ready(ANN, (WORKSPACE,)),
    ChannelCreated(CHANNEL),
    MemberAdded(WORKSPACE, ANN),
    MemberRemoved(WORKSPACE, ANN),
    Refused.because(ErrorCode.NOT_ALLOWED, "k"),
    Shed(7, AT),
    MessageConfirmed(MESSAGE, joined=True),
    ConversationsResumed(UserId(1), complete=True, after={UserId(2): 4}, at=AT),
    ChannelsResumed(complete=False, after={ChannelId(3): 4}),
)

TOLD = {
    "private_messages": {
        Connected, PrivateMessagePosted, TypingChanged, PresenceChanged, PrivateMessagesRead,
        PrivateMessagesDelivered, HeartbeatAcknowledged,
        Refused, Shed, ConversationsResumed, ConversationRevoked,
    },
    "learning_chat": {
        Connected, ChannelMessagePosted, ChannelTyping, ChannelPresence, ChannelMessagesRead,
        JoinedChannel, LeftChannel, Refused, Shed, ChannelsResumed, HeartbeatAcknowledged,
    },
    "messenger": {
        Connected, PrivateMessagePosted, TypingChanged, PrivateMessagesRead,
        ConversationSubscribed, ConversationHistory, Refused, Shed, ConversationsResumed,
        ConversationRevoked,
    },
    "gateway": {
        ChannelMessagePosted, ChannelTyping, WorkspacePresence, HeartbeatAcknowledged, Ready,
        ChannelCreated, MemberAdded, MemberRemoved, Shed, ChannelsResumed,
    },
}  # fmt: skip


def test_every_event_is_among_the_examples() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_told_as_json_by_the_dialects_whose_clients_listen(
    dialect: Dialect, event: Event
) -> None:
    frames = dialect.encode(event)
    assert bool(frames) is (type(event) in TOLD[dialect.name])
    for frame in frames:
        assert isinstance(json.loads(frame), dict)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("stranger", Stranger)
def test_strangers_are_turned_away(dialect: Dialect, stranger: Stranger) -> None:
    rejection = dialect.reject(stranger)
    match rejection:
        case RefuseUpgrade(status=status, text=text):
            assert (status, text.partition(":")[0]) == (401, "Unauthorized")
        case AcceptAndClose(reason=reason):
            assert (reason.code, reason.reconnect) == (4001, False)
