"""What holds for every dialect: no text raises, every event can be told."""

import json
from typing import get_args

import pytest

from protocol.dialect import AcceptAndClose, Dialect, RefuseUpgrade, Stranger
from protocol.dialects import BY_PATH
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
from tests.support.events import EVENTS

DIALECTS = sorted({dialect.name: dialect for dialect in BY_PATH.values()}.values(), key=str)
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
