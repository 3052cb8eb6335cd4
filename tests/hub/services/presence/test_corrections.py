"""What changed while something was looked up counts, and what was looked up of others stays."""

from contextlib import ExitStack

from hub.services.presence.corrections import Corrections, corrected
from protocol.model import UserId

ANN, BEN, EVE, KIM = map(UserId, range(1, 5))


async def test_a_change_counts_for_the_lookups_that_are_in_flight() -> None:
    corrections = Corrections()
    corrections.note(ANN, BEN, knows=False)  # before: the lookup will find it
    with corrections.of_lookup() as found:
        corrections.note(ANN, EVE, knows=True)
        corrections.note(ANN, BEN, knows=True)
        corrections.note(ANN, BEN, knows=False)
        corrections.note(KIM, EVE, knows=False)
    corrections.note(ANN, KIM, knows=True)  # after: it is told for itself
    assert dict(found) == {(ANN, EVE): True, (ANN, BEN): False, (KIM, EVE): False}
    assert corrected(frozenset({BEN, KIM}), ANN, found, knows=True) == {EVE, KIM}
    assert corrected(frozenset({EVE, KIM}), ANN, found, knows=False) == {BEN, KIM}


async def test_of_two_lookups_each_ends_for_itself() -> None:
    corrections = Corrections()
    first, second = ExitStack(), ExitStack()
    one = first.enter_context(corrections.of_lookup())
    other = second.enter_context(corrections.of_lookup())
    second.close()
    corrections.note(ANN, BEN, knows=False)
    first.close()
    assert (one, other) == ({(ANN, BEN): False}, {})
