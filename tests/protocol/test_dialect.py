"""What dialects are declared with."""

from protocol.dialect import omitting
from protocol.events import Ready, Shed, TypingChanged


def test_a_reason_stands_for_several_events() -> None:
    assert omitting({"a": (Ready, Shed), "b": (TypingChanged,)}) == {
        Ready: "a", Shed: "a", TypingChanged: "b"
    }  # fmt: skip
