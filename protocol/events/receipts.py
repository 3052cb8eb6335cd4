"""Receipts: messages were delivered or read."""

from datetime import datetime

from attrs import frozen

from protocol.events.traits import Reliable
from protocol.model import (
    ChannelId,
    DeliveryStatus,
    MessageId,
    UserId,
)


@frozen
class PrivateMessagesRead(Reliable):
    """`reader_id` has read everything up to and including `seq`, to the author of the messages and
    to the reader's other devices.

    `message_ids`: the author's messages that were unread until now, oldest first, at most the
    newest 1,000.
    """

    reader_id: UserId
    author_id: UserId
    seq: int
    message_ids: tuple[MessageId, ...]
    at: datetime


@frozen
class PrivateMessagesDelivered(Reliable):
    """A device of `recipient_id` showed everything up to and including `seq`, to the author."""

    recipient_id: UserId
    author_id: UserId
    seq: int


@frozen
class ChannelMessagesRead(Reliable):
    """`reader_id` has read these messages, to the clients that joined the channel; the newest of
    them also to the reader's other connections.
    """

    channel_id: ChannelId
    reader_id: UserId
    message_ids: tuple[MessageId, ...]


@frozen
class MessagesSeen(Reliable):
    """Messages of `author_id` were delivered to `user_id` or read by them, to the author; the
    newest one that was read, whoever wrote it, also to the other connections of `user_id`.
    """

    channel_id: ChannelId
    author_id: UserId
    user_id: UserId
    message_ids: tuple[MessageId, ...]
    status: DeliveryStatus
