"""Bulletins that are cut and put together again, with pieces lost, repeated and mixed up."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.bus import MAX_BYTES
from persistence.postgres.bus import pieces
from persistence.postgres.bus.pieces import MAX_PAYLOAD, UNFINISHED_SECONDS, Assembly, to_payloads

LIMIT = 7_999  # bytes of a payload, from Postgres
NAME = "0123456789ab-12345678901234567890"


def large(letter: str, size: int = 20_000) -> bytes:
    return letter.encode() * size


@given(st.text(min_size=1).map(str.encode) | st.binary(min_size=1), st.integers(1, MAX_BYTES))
def test_any_bytes_are_cut_into_payloads_and_reassembled(some: bytes, size: int) -> None:
    data = (some * (size // len(some) + 1))[:size]
    payloads = to_payloads(data, NAME)
    assert max(len(each.encode()) for each in payloads) <= LIMIT
    assert not any("\0" in each for each in payloads)
    assembly = Assembly()
    *rest, whole = [assembly.add(each, now=0.0) for each in payloads]
    assert (set(rest), whole) == ({None} if rest else set(), data)


@given(st.randoms(use_true_random=False), st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8)))
def test_pieces_may_arrive_in_any_order_or_twice_or_be_lost(
    dice: Random, lost: set[int], repeated: set[int]
) -> None:
    sent = {name: large(name) for name in "abc"}  # of three pieces each
    cut = [payload for name, data in sent.items() for payload in to_payloads(data, name)]
    assert len(cut) == 9
    coming = [each for n, each in enumerate(cut) for _ in range(1 + (n in repeated))]
    coming = [each for each in coming if cut.index(each) not in lost]
    dice.shuffle(coming)
    assembly = Assembly()
    found = [data for each in coming if (data := assembly.add(each, now=0.0)) is not None]
    whole = {
        data for n, data in enumerate(sent.values()) if not lost & set(range(3 * n, 3 * n + 3))
    }
    assert set(found) == whole  # a bulletin of which every piece was repeated may arrive twice


def test_a_bulletin_that_is_not_complete_in_time_is_lost() -> None:
    assembly = Assembly()
    first, *rest = to_payloads(large("a"), "a")
    assembly.add(first, now=0.0)
    assembly.give_up_old(UNFINISHED_SECONDS - 1)
    assert assembly.lost == 0
    assembly.give_up_old(UNFINISHED_SECONDS)
    assert assembly.lost == 1
    assert [assembly.add(each, now=UNFINISHED_SECONDS) for each in rest] == [None, None]


def test_a_new_piece_drops_a_bulletin_that_is_late() -> None:
    assembly = Assembly()
    assembly.add(to_payloads(large("a"), "a")[0], now=0.0)
    assembly.add(to_payloads(large("b"), "b")[0], now=UNFINISHED_SECONDS)
    assert assembly.lost == 1


def test_unfinished_bulletins_are_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_UNFINISHED", 2)
    assembly = Assembly()
    cut = {name: to_payloads(large(name), name) for name in "abc"}
    for name in "abc":
        assembly.add(cut[name][0], now=0.0)
    assert assembly.lost == 1
    for name in "bc":
        assert [assembly.add(each, now=0.0) for each in cut[name][1:]] == [None, large(name)]


def test_unfinished_bulletins_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_UNFINISHED_BYTES", 3 * MAX_PAYLOAD)
    assembly = Assembly()
    one, other = to_payloads(large("a"), "a"), to_payloads(large("b"), "b")
    for payload in (one[0], one[1], other[0]):
        assembly.add(payload, now=0.0)
    assert assembly.lost == 0
    assembly.add(other[1], now=0.0)
    assert assembly.lost == 1
    assert assembly.add(other[2], now=0.0) == large("b")
    for _ in range(100):  # complete bulletins take no room
        assert [assembly.add(each, now=0.0) for each in other][-1] == large("b")
    assert assembly.lost == 1


@pytest.mark.parametrize(
    "payload",
    [
        "", "x", "{}", "b?", "b=", "p", "pa", "pa.0.1", "pa.x.2.t", "pa.0.x.t", "pa.2.2.t",
        "pa.-1.2.t", "pa.0.0.t", "pa.0.99999999.t", "pa.0.1.x", "listening",
    ],
)  # fmt: skip
def test_a_foreign_payload_is_refused(payload: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever is wrong with it
        Assembly().add(payload, now=0.0)


def test_a_piece_with_another_total_is_refused() -> None:
    assembly = Assembly()
    assembly.add("pa.0.2.tone", now=0.0)
    with pytest.raises(ValueError, match="3"):
        assembly.add("pa.1.3.two", now=0.0)
    assert assembly.add("pa.1.2. two", now=0.0) == b"one two"
