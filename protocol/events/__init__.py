"""What a hub sends to clients: a closed union that each dialect encodes in its own spelling.

Guarantees: an event carries everything a dialect needs to encode it, so encoding needs no lookup
and is done once per dialect. `ephemeral` events may be dropped for a slow client, others never are.
`position` is the log position that a client has reached once it received the event.

One thing that happened may be several events for several audiences: a private message is
`PrivateMessagePosted` for its two people, and `ChannelMessagePosted` for the clients that have
joined its dm channel. A dialect encodes the one that its clients listen to, so that no client
receives the message twice.

A new event is added to the union `Event`. mypy then requires `ephemeral` and `position`, and
tests/protocol/dialects requires that every dialect encodes it or states why it does not.
"""

from typing import TypeAlias

from protocol.events.connection import (
    Announced,
    ChannelsResumed,
    Connected,
    ConversationsResumed,
    HeartbeatAcknowledged,
    Ready,
    Refused,
    Shed,
)
from protocol.events.messages import (
    ChannelMessagePosted,
    ChannelMessageRevised,
    ConversationBegun,
    ConversationHistory,
    MentionChanged,
    MessageConfirmed,
    PrivateMessagePosted,
    PrivateMessageRevised,
    Revised,
    ThreadReplied,
)
from protocol.events.notes import Noted
from protocol.events.places import (
    ChannelCreated,
    ChannelDeleted,
    ChannelsAdded,
    ConversationRevoked,
    ConversationSubscribed,
    InvitationsChanged,
    JoinedChannel,
    LeftChannel,
    MemberAdded,
    MemberRemoved,
    RequestChanged,
    WorkspaceDeleted,
)
from protocol.events.presence import (
    ChannelPresence,
    ChannelTyping,
    PresenceChanged,
    TypingChanged,
    WorkspacePresence,
)
from protocol.events.receipts import (
    ChannelMessagesRead,
    MessagesSeen,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
)
from protocol.events.traits import Ephemeral, Reliable

__all__ = [
    "Announced",
    "ChannelCreated",
    "ChannelDeleted",
    "ChannelMessagePosted",
    "ChannelMessageRevised",
    "ChannelMessagesRead",
    "ChannelPresence",
    "ChannelTyping",
    "ChannelsAdded",
    "ChannelsResumed",
    "Connected",
    "ConversationBegun",
    "ConversationHistory",
    "ConversationRevoked",
    "ConversationSubscribed",
    "ConversationsResumed",
    "Ephemeral",
    "Event",
    "HeartbeatAcknowledged",
    "InvitationsChanged",
    "JoinedChannel",
    "LeftChannel",
    "MemberAdded",
    "MemberRemoved",
    "MentionChanged",
    "MessageConfirmed",
    "MessagesSeen",
    "Noted",
    "PresenceChanged",
    "PrivateMessagePosted",
    "PrivateMessageRevised",
    "PrivateMessagesDelivered",
    "PrivateMessagesRead",
    "Ready",
    "Refused",
    "Reliable",
    "RequestChanged",
    "Revised",
    "Shed",
    "ThreadReplied",
    "TypingChanged",
    "WorkspaceDeleted",
    "WorkspacePresence",
]

Event: TypeAlias = (
    Connected
    | PrivateMessagePosted
    | ChannelMessagePosted
    | ConversationBegun
    | MessageConfirmed
    | ThreadReplied
    | TypingChanged
    | ChannelTyping
    | PresenceChanged
    | WorkspacePresence
    | ChannelPresence
    | PrivateMessagesRead
    | PrivateMessagesDelivered
    | ChannelMessagesRead
    | MessagesSeen
    | Noted
    | PrivateMessageRevised
    | ChannelMessageRevised
    | MentionChanged
    | JoinedChannel
    | LeftChannel
    | ConversationRevoked
    | RequestChanged
    | InvitationsChanged
    | ConversationSubscribed
    | ConversationHistory
    | HeartbeatAcknowledged
    | ConversationsResumed
    | ChannelsResumed
    | Ready
    | ChannelCreated
    | ChannelsAdded
    | MemberAdded
    | MemberRemoved
    | ChannelDeleted
    | WorkspaceDeleted
    | Refused
    | Announced
    | Shed
)
