"""Untrusted JSON text -> plain values, or `WireError`.

Guarantees: no input raises anything else (depth bombs, NaN, lone surrogates, a BOM, huge integers),
and time is linear in the input, whose size the caller has bounded. Must not know: what it means.
"""

from typing import cast

import orjson

from protocol.errors import ErrorCode, WireError


def parse_object(text: str | bytes) -> dict[str, object]:
    """The JSON object in `text`.

    Raises:
        WireError: INVALID_JSON when it is no JSON (orjson refuses NaN, lone surrogates, a BOM and
            more than 1,024 levels), INVALID_FRAME when it is JSON but no object.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise WireError(ErrorCode.INVALID_JSON) from None
    if type(value) is not dict:
        raise WireError(ErrorCode.INVALID_FRAME)
    return cast("dict[str, object]", value)
