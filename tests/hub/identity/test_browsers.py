"""Known browsers: each is known to one account, and only the hub names them."""

from hub.identity.browsers import Browsers
from protocol.model import UserId
from protocol.parsing.express_session import sign

ANN, BEN = UserId(1), UserId(12)
OURS = Browsers(["0123456789abcdef"])


def test_a_browser_is_known_to_the_user_who_has_signed_in_there() -> None:
    one, other = OURS.value_for(ANN), OURS.value_for(ANN)
    assert OURS.known_to(ANN, [one]) == OURS.known_to(ANN, ["x", one]) is not None
    assert OURS.known_to(ANN, [one]) != OURS.known_to(ANN, [other])


def test_a_browser_is_not_known_to_another_account() -> None:
    assert OURS.known_to(BEN, [OURS.value_for(ANN)]) is None
    assert OURS.known_to(ANN, [OURS.value_for(BEN)]) is None


def test_only_values_that_the_hub_signed_name_a_browser() -> None:
    theirs = Browsers(["another secret of 16"])
    assert OURS.known_to(ANN, [theirs.value_for(ANN)]) is None
    for value in ("", "browser.1.x", "s:browser.1.x.", "s:browser.1.x.AAAA"):
        assert OURS.known_to(ANN, [value]) is None
    for sid in ("1.x", "session.1.x", "browser", "browser."):
        assert OURS.known_to(ANN, [sign(sid, OURS.signing[0])]) is None


def test_an_older_secret_is_accepted_still() -> None:
    value = OURS.value_for(ANN)
    newer = Browsers(["another secret of 16", *OURS.signing])
    assert newer.known_to(ANN, [value]) is not None
