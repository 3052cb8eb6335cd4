"""Traces that are off cost nothing; those that cannot be made are an error at the start."""

import subprocess
import sys

import pytest

from hub.settings.choices import Traces
from hub.settings.setting import ConfigError
from hub.tracing.tracing import in_frames, open_tracing

LOADED = """
import sys
import hub.cli.main
print([name for name in sys.modules if name.startswith(("opentelemetry", "google", "requests"))])
"""


async def test_without_traces_the_handler_of_commands_is_not_wrapped() -> None:
    async def carry_out(asker: None, command: None, reply: None) -> None:
        """Do nothing."""

    async with open_tracing(Traces.OFF) as tracing:
        assert tracing is None
        assert in_frames(tracing, "dialect", carry_out) is carry_out


def test_a_hub_imports_nothing_of_opentelemetry_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


async def test_traces_without_their_packages_are_refused_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "hub.tracing.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"parlour\[traces\], of which opentelemetry"):
        async with open_tracing(Traces.OTLP):
            pytest.fail("it was opened")
