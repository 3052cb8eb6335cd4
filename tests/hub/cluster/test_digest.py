"""Two nodes that know the same users have the same digest; others almost certainly do not."""

from functools import reduce
from itertools import combinations
from operator import xor

from hub.cluster.bulletins import Seat
from hub.cluster.digest import mark
from protocol.model import ChannelId, UserId


def test_the_digest_of_different_users_differs() -> None:
    users = [UserId(number) for number in range(1, 13)]
    digests = {
        reduce(xor, map(mark, chosen), 0)
        for count in range(len(users) + 1)
        for chosen in combinations(users, count)
    }
    assert len(digests) == 2 ** len(users)
    assert all(0 <= digest < 2**63 for digest in digests)


def test_a_user_has_another_mark_in_each_channel() -> None:
    marks = {
        mark(Seat(ChannelId(channel), UserId(user), "ann"))
        for channel in range(1, 30)
        for user in range(1, 30)
    }
    assert len(marks) == 29 * 29
    assert mark(Seat(ChannelId(1), UserId(2), "ann")) == mark(Seat(ChannelId(1), UserId(2), "anna"))
