"""What is logged about a server of a bus, and when it is tried again."""

import pytest
import trio
from trio.testing import MockClock

from persistence.bus import BusUnavailable
from persistence.bus.contact import FIRST_SECONDS, JITTER, LONGEST_SECONDS, Contact
from tests.support.telemetry.logs import captured_lines


async def test_the_log_has_each_change_once(mock_clock: MockClock) -> None:
    contact = Contact("redis", "publishing")
    with captured_lines() as lines:
        contact.works()
        for reason in ("away", "away", "full", "full"):
            contact.lost(reason)
        contact.works()
        contact.works()
        contact.lost("away")
    assert [(line["event"], line.get("reason"), line["direction"]) for line in lines] == [
        ("bus_lost", "away", "publishing"),
        ("bus_lost", "full", "publishing"),
        ("bus_back", None, "publishing"),
        ("bus_lost", "away", "publishing"),
    ]


async def test_attempts_become_rarer_and_are_refused_meanwhile(autojump_clock: MockClock) -> None:
    contact, pauses = Contact("redis", "listening"), []
    for _ in range(8):
        await contact.require()
        contact.lost("away")
        with pytest.raises(BusUnavailable, match="away"):
            await contact.require()
        began = trio.current_time()
        await contact.until_next_attempt()
        pauses.append(trio.current_time() - began)
    assert pauses[0] == pytest.approx(FIRST_SECONDS, rel=JITTER)
    assert pauses[-1] == pytest.approx(LONGEST_SECONDS, rel=JITTER)
    assert len(set(pauses)) == len(pauses)  # no two nodes at the same time
    contact.lost("away")
    contact.works()
    await contact.require()
