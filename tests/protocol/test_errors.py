"""The catalogues of errors are complete."""

from protocol.errors import ERROR_TEXTS, REFUSAL_CODES, ErrorCode
from protocol.model import Refusal


def test_every_code_has_a_text() -> None:
    assert set(ERROR_TEXTS) == set(ErrorCode)


def test_every_refusal_has_a_code_and_all_but_a_few_keep_their_name() -> None:
    assert set(REFUSAL_CODES) == set(Refusal)
    renamed = {refusal for refusal, code in REFUSAL_CODES.items() if refusal.value != code.value}
    assert renamed == {
        Refusal.PARENT_NOT_FOUND,
        Refusal.ORIGINAL_NOT_FOUND,
        Refusal.FILE_NOT_FOUND,
        Refusal.NOT_A_MEMBER,
    }
