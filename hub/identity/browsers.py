"""Browsers in which a user has signed in before, recognized by a cookie of their own.

Guarantees: the cookie names one account and one browser, and is signed by the hub, which stores
nothing for it; it does not sign a user in. A client that guesses passwords has no such cookie, so
its guesses do not count against the account's owner. Must not know: what is counted.
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
_PREFIX: Final = "browser"  # no session token begins with it


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
        """The name of the browser, if one of the values is the cookie of a browser in which this
        user has signed in before.
        """
        for value in values:
            prefix, _, name = (unsign(value, self.signing) or "").partition(".")
            if prefix == _PREFIX and name.partition(".")[0] == str(user_id):
                return name
        return None
