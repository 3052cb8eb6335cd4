"""Which requests may carry a session: those of browsers and other clients, and those that pages of
other sites can send.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from tests.support.clients.engine import (
    OPEN_PAGE,
    OTHER_OPEN_PAGE,
    OWN_PAGE,
    EngineWorld,
    open_engine,
)
from tests.support.clients.websocket import Refused

NOBODY: Final[Mapping[str, str]] = {}
OWN_GET: Final = {"Sec_Fetch_Site": "same-origin"}
OWN: Final = {"Origin": OWN_PAGE, "Sec_Fetch_Site": "same-origin"}
OPEN: Final = {"Origin": OPEN_PAGE, "Sec_Fetch_Site": "cross-site"}
OTHER: Final = {"Origin": OTHER_OPEN_PAGE, "Sec_Fetch_Site": "cross-site"}
OLD_OPEN: Final = {"Origin": OPEN_PAGE}  # browsers before 2023, and all of them over plain HTTP
EVIL: Final = {"Origin": "http://evil.example", "Sec_Fetch_Site": "cross-site"}
EVIL_PICTURE: Final = {"Sec_Fetch_Site": "cross-site"}  # or a link, a script, a frame
SUBDOMAIN_PICTURE: Final = {"Sec_Fetch_Site": "same-site"}
SANDBOX: Final = {"Origin": "null"}
REFUSED: Final = (EVIL, EVIL_PICTURE, SUBDOMAIN_PICTURE, SANDBOX)

Step = tuple[Mapping[str, str], bool]

CASES: Final[Mapping[str, tuple[Mapping[str, str], tuple[Step, ...]]]] = {
    "a page of the hub": (OWN_GET, ((OWN_GET, True), (OWN, True), (OWN_GET, True))),
    "the same in an old browser": (
        NOBODY,
        ((NOBODY, True), ({"Origin": OWN_PAGE}, True), (NOBODY, True)),
    ),
    "behind a proxy, whose origin has to be allowed": (
        OWN_GET,
        (({"Origin": OPEN_PAGE, "Sec_Fetch_Site": "same-origin"}, True), (OWN_GET, True)),
    ),
    "a page that is allowed": (OPEN, ((OPEN, True), (OLD_OPEN, True), (OPEN, True))),
    "no browser": (NOBODY, ((NOBODY, True), (NOBODY, True))),
    "React Native, and Python: the WebSocket alone has an Origin": (
        NOBODY,
        ((NOBODY, True), (NOBODY, True), ({"Origin": OWN_PAGE}, True)),
    ),
    "an allowed page takes over another one's session": (
        OPEN,
        ((OTHER, False), (OWN, False), (OPEN, True), (OTHER, False)),
    ),
    "an allowed page takes over a session of the hub's page": (
        OWN_GET,
        ((OWN, True), (OPEN, False), (OWN, True), (OWN_GET, True), (OTHER, False)),
    ),
    "whoever names no origin takes over an allowed page's session": (
        OPEN,
        ((NOBODY, False), (OWN_GET, False), (OPEN, True)),
    ),
    **{
        f"{refused} on a session of {opener}": (
            opener,
            ((refused, False), (opener, True), (refused, False)),
        )
        for opener in (OWN_GET, OPEN, NOBODY)
        for refused in REFUSED
    },
}
"""Headers of the client that opens a session, and of requests that then carry it or may not."""


async def statuses(engine: EngineWorld, sid: str, headers: Mapping[str, str]) -> set[int]:
    """The statuses of all ways to carry a session."""
    found = {(await engine.post(sid, "4x", **headers)).status}
    try:
        socket = await engine.websocket(f"&sid={sid}", **headers)
    except Refused as refused:
        found.add(refused.status)
    else:
        found.add(200)
        await socket.close_in_silence()
    return found | {(await engine.poll(sid, **headers)).status}


@pytest.mark.parametrize(("opener", "steps"), CASES.values(), ids=CASES)
async def test_a_session_serves_the_client_that_opened_it(
    opener: Mapping[str, str], steps: tuple[Step, ...]
) -> None:
    async with open_engine() as engine:
        sid = await engine.open(**opener)
        for headers, is_allowed in steps:
            assert await statuses(engine, sid, headers) == {200 if is_allowed else 403}, headers


@pytest.mark.parametrize("headers", REFUSED)
async def test_pages_of_other_sites_open_no_session(headers: Mapping[str, str]) -> None:
    async with open_engine() as engine:
        reply = await engine.ask("GET", "EIO=4&transport=polling", None, **headers)
        assert (reply.status, reply.json["code"]) == (403, 4)
        with pytest.raises(Refused) as refused:
            await engine.websocket("", **headers)
        assert refused.value.status == 403
