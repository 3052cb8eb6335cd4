"""The outbox: order, bounds, classes."""

from hub.sockets.outbox import MAX_CONTROL_BACKLOG, Offered, Outbox


def filled(capacity: int = 100, *frames: bytes) -> Outbox:
    outbox = Outbox(capacity)
    for frame in frames:
        assert outbox.offer(frame, ephemeral=False) is Offered.TAKEN
    return outbox


def test_frames_leave_joined_in_the_order_they_were_offered() -> None:
    outbox = filled(100, b"one", b"two", b"three")
    assert outbox.take(1_000) == b"onetwothree"
    assert not outbox


def test_take_stops_at_its_limit_between_frames() -> None:
    outbox = filled(100, b"aaaa", b"bbbb", b"cccc")
    assert outbox.take(9) == b"aaaabbbb"
    assert outbox.take(9) == b"cccc"


def test_a_frame_larger_than_the_limit_leaves_alone() -> None:
    outbox = filled(100, b"x" * 50, b"y")
    assert outbox.take(10) == b"x" * 50


def test_bytes_that_were_put_back_leave_before_control_frames() -> None:
    outbox = filled(100, b"abcdef", b"ghi")
    taken = outbox.take(6)
    outbox.put_back(taken[2:])
    outbox.offer_control(b"PING")
    assert outbox.take(1_000) == b"cdefPINGghi"


def test_a_control_frame_overtakes_whole_frames() -> None:
    outbox = filled(100, b"one", b"two")
    outbox.offer_control(b"PONG")
    assert outbox.take(1_000) == b"PONGonetwo"


def test_ephemerals_may_fill_half_and_are_counted_when_shed() -> None:
    outbox = Outbox(100)
    assert outbox.offer(b"x" * 50, ephemeral=True) is Offered.TAKEN
    assert outbox.offer(b"x", ephemeral=True) is Offered.SHED
    assert outbox.offer(b"x" * 50, ephemeral=False) is Offered.TAKEN
    assert outbox.take_shed() == 1
    assert outbox.take_shed() == 0


def test_bytes_are_bounded() -> None:
    outbox = filled(100, b"x" * 100)
    assert outbox.offer(b"x", ephemeral=False) is Offered.OVERFLOW
    assert outbox.size == 100


def test_control_frames_are_bounded_on_their_own() -> None:
    outbox = Outbox(100)
    for _ in range(MAX_CONTROL_BACKLOG // 64):
        assert outbox.offer_control(b"x" * 64) is Offered.TAKEN
    assert outbox.offer_control(b"x") is Offered.OVERFLOW


def test_discard_keeps_the_end_of_a_half_written_frame() -> None:
    outbox = filled(100, b"abcdef", b"ghi")
    outbox.put_back(outbox.take(6)[3:])
    outbox.offer_control(b"PING")
    outbox.discard()
    assert outbox.take(1_000) == b"def"
    assert not outbox


def test_size_follows_every_step() -> None:
    outbox = filled(100, b"abc", b"de")
    outbox.offer_control(b"P")
    assert outbox.size == 6
    taken = outbox.take(1_000)
    assert outbox.size == 0
    outbox.put_back(taken[4:])
    assert outbox.size == 2
