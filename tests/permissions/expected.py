"""What the matrix expects of a REST call, by who makes it."""

from typing import TypeAlias

from attrs import frozen

from persistence.policy import Action, Place, grants
from tests.permissions.scene import SIGNED_OUT, STANDINGS, Kind


@frozen
class Anybody:
    """Whoever calls is answered alike: there is no right to it."""

    status: int


@frozen
class WithCookie:
    """Whoever sends a cookie, whether its session lives or not."""

    status: int


@frozen
class SignedIn:
    """Whoever is signed in, about themself or what is public."""

    status: int


@frozen
class Allowed:
    """Whom the policy lets do this there. Others are refused; who has no standing sees nothing."""

    place: Place
    action: Action
    status: int
    refused: int = 403
    unseen: int = 404


@frozen
class NotBlocked:
    """Whoever is signed in, but the one whom the other has blocked."""

    status: int
    blocked: int


@frozen
class Nobody:
    """It is about two others, so everybody who is signed in gets the same answer."""

    status: int


Expected: TypeAlias = Anybody | WithCookie | SignedIn | Allowed | NotBlocked | Nobody


def expected_status(expected: Expected, kind: Kind) -> int:
    """What a caller of this kind is answered."""
    match expected:
        case Anybody(status=status):
            return status
        case WithCookie(status=status):
            return 401 if kind is Kind.STRANGER else status
        case _ if kind in SIGNED_OUT:
            return 401
        case SignedIn(status=status) | Nobody(status=status):
            return status
        case NotBlocked(status=status, blocked=blocked):
            return blocked if kind is Kind.BLOCKED else status
        case Allowed():
            standing = STANDINGS.get(kind)
            if grants(expected.place, expected.action, standing):
                return expected.status
            return expected.unseen if standing is None else expected.refused
