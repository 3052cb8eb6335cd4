"""The status that the matrix expects of a REST call, by the kind of the caller."""

from typing import TypeAlias

from attrs import frozen

from persistence.policy import Action, Place, grants
from tests.permissions.scene import SIGNED_OUT, STANDINGS, Kind


@frozen
class Anybody:
    """Every caller gets the same status: the call needs no right."""

    status: int


@frozen
class WithCookie:
    """Every caller with a cookie gets this status, whether its session is live or not."""

    status: int


@frozen
class SignedIn:
    """Every signed-in user gets this status: the call is about themself or about public data."""

    status: int


@frozen
class Allowed:
    """The status depends on the policy: `status` if it allows the action there, else `refused`;
    `unseen` if it does not and the user has no standing there.
    """

    place: Place
    action: Action
    status: int
    refused: int = 403
    unseen: int = 404


@frozen
class NotBlocked:
    """Every signed-in user gets `status`, except the one that the other user has blocked."""

    status: int
    blocked: int


@frozen
class Nobody:
    """The call is about two other users, so every signed-in user gets the same status."""

    status: int


Expected: TypeAlias = Anybody | WithCookie | SignedIn | Allowed | NotBlocked | Nobody


def expected_status(expected: Expected, kind: Kind) -> int:
    """The status that a caller of this kind gets."""
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
