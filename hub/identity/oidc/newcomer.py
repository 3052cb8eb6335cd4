"""The account of a user who signs in with a provider for the first time.

Guarantees: names and addresses from a provider are subject to the same rules as those that users
enter; an email address is taken only if the provider has verified it, and is never used to find an
existing account. Must not know: HTTP, tokens.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from hub.identity.passwords import NO_PASSWORD
from persistence.interface import Identity
from persistence.records import NewUser
from protocol.parsing.content import is_storable
from protocol.parsing.names import is_address, is_name, is_username

MAX_USERNAME_CHARS: Final = 60
MAX_NAME_CHARS: Final = 100
MAX_EMAIL_CHARS: Final = 254
_NOBODYS: Final = "user"


def newcomer(identity: Identity, claims: Mapping[str, object]) -> NewUser:
    """The new account, from the claims of an ID token."""
    email = _text(claims, "email", MAX_EMAIL_CHARS)
    is_verified = claims.get("email_verified") is True and is_address(email)
    called = next(filter(is_username, _usernames(claims)), _NOBODYS)
    names = (_text(claims, "name", MAX_NAME_CHARS), called)
    return NewUser(
        name=next(filter(is_name, names)),
        password_hash=NO_PASSWORD,
        email=email if is_verified else None,
        first_name=_shown(claims, "given_name"),
        last_name=_shown(claims, "family_name"),
        called=called,
        identity=identity,
    )


def _usernames(claims: Mapping[str, object]) -> Iterator[str]:
    """Candidates for the username, the best first; of an email address the part before the @."""
    for claim in ("preferred_username", "email", "name"):
        yield _text(claims, claim, MAX_EMAIL_CHARS).partition("@")[0][:MAX_USERNAME_CHARS].strip()


def _shown(claims: Mapping[str, object], claim: str) -> str:
    text = _text(claims, claim, MAX_NAME_CHARS)
    return text if is_name(text) else ""


def _text(claims: Mapping[str, object], claim: str, longest: int) -> str:
    """A claim that is a text of at most so many characters; otherwise an empty one."""
    given = claims.get(claim)
    is_text = isinstance(given, str) and len(given) <= longest and is_storable(given)
    return str(given).strip() if is_text else ""
