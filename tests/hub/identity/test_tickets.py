"""Tickets: valid for one holder and one purpose, once, for a limited time."""

import pytest

from hub.identity.tickets import Tickets
from protocol.model import UserId

ANN, BEN, EVE = UserId(1), UserId(2), UserId(3)


def test_a_ticket_is_valid_once() -> None:
    tickets = Tickets[str](60.0)
    ticket = tickets.issue(ANN, "door", 0.0)
    assert tickets.take(ANN, ticket, 1.0) == "door"
    assert tickets.take(ANN, ticket, 1.0) is None


def test_a_ticket_is_valid_for_its_holder_only() -> None:
    tickets = Tickets[str](60.0)
    ticket = tickets.issue(ANN, "ann", 0.0)
    tickets.issue(BEN, "ben", 0.0)
    assert tickets.take(BEN, ticket, 1.0) is None
    assert tickets.take(EVE, ticket, 1.0) is None
    assert tickets.take(ANN, ticket, 1.0) == "ann"


def test_a_ticket_is_valid_for_a_limited_time() -> None:
    tickets = Tickets[str](60.0)
    ticket = tickets.issue(ANN, "door", 10.0)
    assert tickets.take(ANN, ticket, 70.0) is None
    assert tickets.take(ANN, ticket, 20.0) is None


def test_a_new_ticket_ends_the_one_before() -> None:
    tickets = Tickets[str](60.0)
    first, second = [tickets.issue(ANN, each, 0.0) for each in ("one", "two")]
    assert tickets.take(ANN, first, 1.0) is None
    assert tickets.take(ANN, second, 1.0) == "two"


def test_the_oldest_ticket_is_dropped_when_there_are_too_many() -> None:
    tickets = Tickets[str](60.0, max_holders=2)
    issued = {user: tickets.issue(user, "door", 0.0) for user in (ANN, BEN)}
    issued[ANN] = tickets.issue(ANN, "door", 0.0)
    issued[EVE] = tickets.issue(EVE, "door", 0.0)
    found = [tickets.take(user, issued[user], 1.0) for user in (ANN, BEN, EVE)]
    assert found == ["door", None, "door"]


@pytest.mark.parametrize("ticket", ["", "\x00", "\ud800", "ü", "x" * 100_000])
def test_malformed_tickets_are_refused_and_none_is_kept_in_plain_text(ticket: str) -> None:
    tickets = Tickets[str](60.0)
    good = tickets.issue(ANN, "door", 0.0)
    assert tickets.take(ANN, ticket, 1.0) is None
    assert good not in repr(vars(tickets))
