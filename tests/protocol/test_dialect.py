"""Helpers for the declaration of a dialect."""

from protocol.dialect import omitting
from protocol.events import Ready, Shed, TypingChanged


def test_one_reason_may_omit_several_events() -> None:
    assert omitting({"a": (Ready, Shed), "b": (TypingChanged,)}) == {
        Ready: "a", Shed: "a", TypingChanged: "b"
    }  # fmt: skip
