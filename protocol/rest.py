"""How a dialect differs in its REST calls; the calls themselves are in hub/rest/routes.

Guarantees: the hub serves a dialect's REST from these values and does not branch on its name.
Must not know: HTTP libraries, any endpoint.
"""

import re
from collections.abc import Callable, Mapping

from attrs import field, frozen

from protocol.model import UserId


def camel_case(name: str) -> str:
    """`user_id` -> `userId`, `class_` -> `class`."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name.rstrip("_"))


@frozen(eq=False)
class RestDialect:
    """How one dialect spells cookies, fields and errors in REST.

    Args:
        name: its mount prefix: every call is also served below `/<name>`.
        cookie: the cookie that carries the session; None: a bearer token does.
        error: (status, text, code) -> the JSON body of an error; its declared return type is the
            documented shape.
        unauthorized: the body of 401 to a request without a session: plain text, or JSON.
        naming: the name of a field in JSON, from its name in Python.
        identifier: the type of ids in paths.
        claims: whether a body can only be meant for this dialect, on a path that others serve too.
    """

    name: str
    cookie: str | None
    error: Callable[[int, str, str], Mapping[str, object]]
    unauthorized: str | Mapping[str, object]
    naming: Callable[[str], str] = field(default=str)
    identifier: object = UserId
    claims: Callable[[Mapping[str, object]], bool] = field(default=lambda _: False)
