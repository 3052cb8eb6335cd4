"""Sign-ins of operators' pages."""

from hub.socketio.admin_ui.sign_ins import SignIns


def test_a_sign_in_is_valid_for_a_limited_time() -> None:
    sign_ins = SignIns(seconds=60)
    first, second = sign_ins.begin(0.0), sign_ins.begin(30.0)
    assert first != second
    assert sign_ins.is_good(first, 59.0)
    assert not sign_ins.is_good(first, 60.0)
    assert sign_ins.is_good(second, 60.0)
    for wrong in ("", "x", first[:-1], f"{first}x"):
        assert not sign_ins.is_good(wrong, 1.0)


def test_the_oldest_of_too_many_sign_ins_are_dropped() -> None:
    sign_ins = SignIns(seconds=60, max_kept=2)
    begun = [sign_ins.begin(0.0) for _ in range(3)]
    assert [sign_ins.is_good(each, 1.0) for each in begun] == [False, True, True]
