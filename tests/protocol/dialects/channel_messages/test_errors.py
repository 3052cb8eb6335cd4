"""The codes and texts of refusals over Socket.IO."""

import pytest

from protocol.dialects.channel_messages.errors import TEXTS, shown_refusal
from protocol.errors import ERROR_TEXTS, ErrorCode
from protocol.events import Refused

RENAMED = {ErrorCode.CHANNEL_NOT_FOUND: ErrorCode.NOT_A_MEMBER}


@pytest.mark.parametrize("code", ErrorCode)
def test_a_refusal_has_the_dialects_code_and_the_text_of_the_dialect_or_catalogue(
    code: ErrorCode,
) -> None:
    shown = shown_refusal(Refused.because(code, "k"))
    assert (shown.code, shown.key) == (RENAMED.get(code, code), "k")
    assert shown.text == TEXTS.get(shown.code, ERROR_TEXTS[shown.code])


def test_a_text_that_explains_more_is_kept_where_the_dialect_has_none() -> None:
    refused = Refused(ErrorCode.UNKNOWN_TYPE, "Unknown event: message:dance")
    assert shown_refusal(refused) == refused


def test_a_missing_channel_is_refused_like_one_that_the_user_may_not_see() -> None:
    missing = shown_refusal(Refused.because(ErrorCode.CHANNEL_NOT_FOUND))
    assert missing == shown_refusal(Refused.because(ErrorCode.NOT_A_MEMBER))
