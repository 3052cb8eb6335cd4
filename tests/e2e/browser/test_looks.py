"""How the page looks, and where it runs."""

import pytest

from tests.support.browser.page import pair, play
from tests.support.programs.hub_process import HubProcess


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("desktop", id="how it looks on a desktop"),
        pytest.param("phone", id="on a phone"),
        pytest.param("touch", id="how it looks on the smallest phone"),
        pytest.param("broken", id="an old browser, and what is broken"),
    ],
)
async def test_the_page(hub: HubProcess, flow: str) -> None:
    await play(flow, hub, await pair(hub, flow.lower(), strangers=flow == "phone"))
