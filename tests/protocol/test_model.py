"""Properties of messages, channels and names."""

import sys
import unicodedata

import pytest
from attrs import evolve

from protocol.model import Channel, ChannelKind, DeliveryStatus, UserId, name_key
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
def test_the_delivery_status_of_a_message(
    read_by: tuple[UserId, ...], is_delivered: bool, status: DeliveryStatus, is_read: bool
) -> None:
    message = evolve(MESSAGE, read_by=read_by, is_delivered=is_delivered)
    assert (message.status, message.is_read) == (status, is_read)


def test_a_message_has_a_position_in_its_channel() -> None:
    assert MESSAGE.position == (3, 4)


def test_an_idempotency_key_is_not_shown_in_logs() -> None:
    assert "key" not in repr(MESSAGE)


def test_a_dm_has_two_peers() -> None:
    dm: Channel = evolve(CHANNEL, kind=ChannelKind.DM, pair=(UserId(1), UserId(2)))
    assert [dm.peer_of(UserId(user)) for user in (1, 2, 3)] == [2, 1, None]
    assert CHANNEL.peer_of(UserId(1)) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ann Lee", "ann lee"), ("STRASSE", "strasse"), ("straße", "strasse"),
        ("STRAẞE", "strasse"), ("οδός", "οδόσ"), ("ΟΔΌΣ", "οδόσ"), ("İ", "i\u0307"), ("ﬁ", "fi"),
        ("\uff21", "a"), ("e\u0301", "é"), ("\u0345", "\u03b9"), ("K", "k"), ("Å", "å"), ("", ""),
    ],
)  # fmt: skip
def test_the_key_by_which_names_are_compared(text: str, key: str) -> None:
    assert name_key(text) == key


def test_the_key_of_a_key_is_the_same() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1)]
    assert [each for each in letters if name_key(name_key(each)) != name_key(each)] == []
    either = (each for each in letters if each.lower() != each or each.upper() != each)
    for letter in either:
        spelt = {letter, letter.upper(), letter.lower(), unicodedata.normalize("NFD", letter)}
        keys = {name_key(f"a{each}b") for each in spelt}
        assert len(keys) == 1 or letter in "\u0130I\u0131", letter
