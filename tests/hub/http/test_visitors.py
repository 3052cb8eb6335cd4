"""Where requests come from."""

import pytest
import trio

from hub.http.visitors import Visitors
from hub.limits.pace import PATIENCE_SECONDS, Meter, Pace, Paces
from protocol.websocket.handshake import Head

PROXY = "10.0.0.1"


def network(peer: str, *forwarded: str) -> str:
    lines = tuple((b"x-forwarded-for", line.encode()) for line in forwarded)
    visitors = Visitors(Paces(), [PROXY])
    return visitors.of(
        Head(b"GET", b"/", b"1.1", lines), peer, "http", visitors.meter(peer)
    ).network


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.7", (), "192.0.2.7"),
        ("2001:db8::1", (), "2001:db8::/64"),
        ("2001:db8::ffff:1", (), "2001:db8::/64"),
        ("::ffff:192.0.2.7", (), "192.0.2.7"),
        ("192.0.2.7", ("198.51.100.1",), "192.0.2.7"),
        (PROXY, ("198.51.100.1",), "198.51.100.1"),
        (PROXY, ("203.0.113.9, 198.51.100.1",), "198.51.100.1"),
        (PROXY, ("203.0.113.9", "198.51.100.1"), "198.51.100.1"),
        (PROXY, (), PROXY),
        ("", (), ""),
    ],
)
def test_the_network_of_a_request_is_an_ipv4_address_or_an_ipv6_prefix(
    peer: str, forwarded: tuple[str, ...], expected: str
) -> None:
    assert network(peer, *forwarded) == expected


def test_only_a_trusted_proxy_may_report_tls() -> None:
    visitors = Visitors(Paces(), [PROXY])
    said = Head(b"GET", b"/", b"1.1", ((b"x-forwarded-proto", b"https"),))
    schemes = [
        visitors.of(said, peer, "http", visitors.meter(peer)).scheme for peer in (PROXY, "a")
    ]
    assert schemes == ["https", "http"]


def test_a_connection_of_a_proxy_gets_the_pace_of_the_forwarded_network() -> None:
    visitors = Visitors(Paces(rate=1, burst=1), [PROXY])
    meter = visitors.meter(PROXY)
    behind = Head(b"GET", b"/", b"1.1", ((b"x-forwarded-for", b"198.51.100.1"),))
    visitors.of(behind, PROXY, "http", meter)
    assert meter.pace is visitors.meter("198.51.100.1").pace
    assert isinstance(meter, Meter)


def test_a_proxy_on_a_unix_socket_may_be_trusted() -> None:
    visitors = Visitors(Paces(), ["unix"])
    said = Head(b"GET", b"/", b"1.1", ((b"x-forwarded-for", b"198.51.100.1"),))
    assert visitors.of(said, "unix", "http", visitors.meter("unix")).network == "198.51.100.1"


async def test_connections_of_one_address_are_served_at_a_rate(autojump_clock: object) -> None:
    visitors = Visitors(Paces(rate=1, burst=1), [PROXY])
    began = trio.current_time()
    for _ in range(5):
        await visitors.arrive("192.0.2.7", 1)
        await visitors.arrive(PROXY, 1)
    assert trio.current_time() - began == pytest.approx(4)


async def test_an_address_that_sent_too_much_is_far_behind(autojump_clock: object) -> None:
    """But not a proxy, behind which there are many clients."""
    visitors = Visitors(Paces(rate=1, burst=1), [PROXY])
    for peer in ("192.0.2.7", PROXY):
        visitors.meter(peer).pace.take(PATIENCE_SECONDS + 1, trio.current_time())
        assert not visitors.is_far_behind(peer)
        visitors.meter(peer).pace.take(1, trio.current_time())
    assert visitors.is_far_behind("192.0.2.7")
    assert not visitors.is_far_behind(PROXY)
    assert not visitors.is_far_behind("192.0.2.8")
    await trio.sleep(2)
    assert not visitors.is_far_behind("192.0.2.7")


@pytest.mark.parametrize(("peer", "is_kept"), [("192.0.2.7", True), (PROXY, False)])
def test_a_recognized_user_keeps_their_own_pace_unless_behind_a_proxy(
    peer: str, is_kept: bool
) -> None:
    """Peers of the same network do not delay them. A proxy's connection is that of many users."""
    visitors = Visitors(Paces(), [PROXY])
    meter, user = visitors.meter(peer), Pace(1, 1)
    meter.pace = user
    said = Head(b"GET", b"/", b"1.1", ((b"x-forwarded-for", b"198.51.100.1"),))
    visitors.of(said, peer, "http", meter)
    assert (meter.pace is user) == is_kept
    assert (meter.pace is visitors.meter("198.51.100.1").pace) != is_kept
