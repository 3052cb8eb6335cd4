"""Browsers in which somebody has signed in before, known by a cookie of their own.

Guarantees: the cookie names one account and one browser, signed by the hub, which remembers nothing
for it; it signs nobody in. Whoever guesses passwords has none, so the owner of an account is not
taken for them. Must not know: what is counted.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from attrs import field, frozen

from hub.identity.cookies import new_token
from protocol.model import UserId
from protocol.parsing.express_session import sign, unsign

COOKIE: Final = "known_browser"
LIFETIME: Final = timedelta(days=365)
_PREFIX: Final = "browser"  # no session is called that


@frozen
class Browsers:
    """Makes and reads the cookie's values.

    Args:
        signing: secrets; the first one signs, the others are still accepted.
    """

    signing: Sequence[str] = field(repr=False)

    def value_for(self, user_id: UserId) -> str:
        """The value for a browser in which the user has signed in now."""
        return sign(f"{_PREFIX}.{user_id}.{new_token()}", self.signing[0])

    def known_to(self, user_id: UserId, values: Sequence[str]) -> str | None:
        """What the browser is called in which this user has signed in before, if one of the values
        is such a cookie's.
        """
        for value in values:
            prefix, _, name = (unsign(value, self.signing) or "").partition(".")
            if prefix == _PREFIX and name.partition(".")[0] == str(user_id):
                return name
        return None
