"""The largest event of every type that is possible with the default settings."""

from typing import Final

from attrs import evolve

from hub.settings.config import Config
from persistence.interface import MAX_NAMED
from protocol.bounds import MAX_POSITIONS
from protocol.errors import ErrorCode
from protocol.events import (
    ChannelCreated,
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelMessagesRead,
    ChannelsAdded,
    ChannelsResumed,
    ChannelTyping,
    Connected,
    ConversationBegun,
    ConversationHistory,
    ConversationsResumed,
    ConversationSubscribed,
    Event,
    MemberAdded,
    MemberRemoved,
    MentionChanged,
    MessageConfirmed,
    MessagesSeen,
    Noted,
    PrivateMessagePosted,
    PrivateMessageRevised,
    PrivateMessagesRead,
    Ready,
    Refused,
    TypingChanged,
)
from protocol.model import (
    MAX_ID,
    ChannelId,
    DeliveryStatus,
    Mention,
    MessageId,
    Reaction,
    UserId,
    WorkspaceId,
)
from protocol.notes import HiddenNote
from protocol.parsing.mentions import MAX_MENTIONS
from protocol.revisions import MAX_REACTION_KINDS, NAMED_REACTORS, React
from tests.support.documents.events import ANN, AT, CHANNEL, EVENTS, FULL_MESSAGE, WORKSPACE

LONG: Final = "\N{GRINNING FACE}" * 200
WORST: Final = "\x01"  # six bytes in JSON
MEMBERS: Final = 100_000
ID: Final = MAX_ID - MEMBERS

USER: Final = evolve(ANN, id=UserId(ID), username=LONG, name=LONG, email=LONG)
MESSAGE: Final = evolve(
    FULL_MESSAGE,
    content=WORST * Config().max_content_chars,
    file_url="/uploads/2024-01-01/" + "x" * 255,
    key=WORST * 255,
    mentions=(Mention(USER.id, LONG[: Config().max_content_chars // MAX_MENTIONS]),) * MAX_MENTIONS,
    mentions_channel=True,
)
REVISED: Final = evolve(
    MESSAGE,
    rev=ID,
    edited_at=AT,
    reactions=tuple(
        Reaction(LONG[:20], ID, (USER.id,) * NAMED_REACTORS) for _ in range(MAX_REACTION_KINDS)
    ),
)
HISTORY: Final = [evolve(MESSAGE, seq=seq, author_id=USER.id) for seq in range(1, 501)]
CHANNEL_FULL: Final = evolve(
    CHANNEL,
    name=LONG,
    class_name=LONG,
    subject=LONG,
    pinned=tuple(MessageId(ID + number) for number in range(1_000)),
)
WORKSPACE_FULL: Final = evolve(
    WORKSPACE,
    name=LONG,
    description=LONG,
    members=tuple(UserId(ID + number) for number in range(MEMBERS)),
)
IDS: Final = tuple(MessageId(ID + number) for number in range(MAX_NAMED))
POSITIONS: Final = range(ID, ID + MAX_POSITIONS)
EPOCH: Final = 16 * "f"

_LARGEST: Final[tuple[Event, ...]] = (
    Connected(USER, AT, EPOCH),
    PrivateMessagePosted(MESSAGE, USER, USER.id),
    ChannelMessagePosted(MESSAGE, USER, WorkspaceId(ID)),
    ConversationBegun(MESSAGE, USER),
    MessageConfirmed(MESSAGE, joined=True),
    TypingChanged(USER.id, LONG, LONG, USER.id, is_typing=True, at=AT),
    ChannelTyping(ChannelId(ID), WorkspaceId(ID), USER),
    PrivateMessagesRead(USER.id, USER.id, ID, IDS, AT),
    ChannelMessagesRead(ChannelId(ID), USER.id, IDS),
    MessagesSeen(ChannelId(ID), USER.id, USER.id, IDS, DeliveryStatus.DELIVERED),
    PrivateMessageRevised(REVISED, AT, React(LONG[:20]), USER),
    ChannelMessageRevised(REVISED, AT, React(LONG[:20]), USER, WorkspaceId(ID)),
    MentionChanged(REVISED, WorkspaceId(ID), AT),
    Noted(USER.id, HiddenNote(ChannelId(ID), ID, MessageId(ID), ID, is_hidden=True), AT),
    ConversationSubscribed(WORST * 255, subscribed=True, at=AT),
    ConversationHistory((USER.id, USER.id), HISTORY, {USER.id: USER}, AT),
    Ready(USER, [WORKSPACE_FULL] * 100, EPOCH),
    ChannelCreated(CHANNEL_FULL),
    ChannelsAdded([(CHANNEL_FULL, ID, ID)] * 100),
    MemberAdded(WORKSPACE_FULL, USER),
    MemberRemoved(WORKSPACE_FULL, USER.id, USER),
    Refused.because(ErrorCode.RATE_LIMITED, WORST * 255),
    ConversationsResumed(
        USER.id,
        complete=True,
        after=dict.fromkeys(map(UserId, POSITIONS), ID),
        at=AT,
        epoch=EPOCH,
        reset=True,
    ),
    ChannelsResumed(
        complete=True,
        after=dict.fromkeys(map(ChannelId, POSITIONS), ID),
        epoch=EPOCH,
        reset=True,
    ),
)
_BY_TYPE: Final = {type(event): event for event in (*EVENTS, *_LARGEST)}

LARGEST: Final = tuple(_BY_TYPE.values())
"""One of every type; those without a list or a text are as in the examples."""
