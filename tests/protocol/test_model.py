"""What messages and channels say of themselves."""

import pytest
from attrs import evolve

from protocol.model import Channel, ChannelKind, DeliveryStatus, UserId
from tests.support.documents.events import CHANNEL, MESSAGE


@pytest.mark.parametrize(
    ("read_by", "is_delivered", "status", "is_read"),
    [
        ((), False, DeliveryStatus.SENT, False),
        ((), True, DeliveryStatus.DELIVERED, False),
        ((UserId(2),), True, DeliveryStatus.READ, True),
        ((UserId(3),), False, DeliveryStatus.READ, False),
    ],
)
def test_how_far_a_message_got(
    read_by: tuple[UserId, ...], is_delivered: bool, status: DeliveryStatus, is_read: bool
) -> None:
    message = evolve(MESSAGE, read_by=read_by, is_delivered=is_delivered)
    assert (message.status, message.is_read) == (status, is_read)


def test_a_message_stands_in_its_channel() -> None:
    assert MESSAGE.position == (3, 4)


def test_an_idempotency_key_is_not_shown_in_logs() -> None:
    assert "key" not in repr(MESSAGE)


def test_a_dm_has_two_sides() -> None:
    dm: Channel = evolve(CHANNEL, kind=ChannelKind.DM, pair=(UserId(1), UserId(2)))
    assert [dm.peer_of(UserId(user)) for user in (1, 2, 3)] == [2, 1, None]
    assert CHANNEL.peer_of(UserId(1)) is None
