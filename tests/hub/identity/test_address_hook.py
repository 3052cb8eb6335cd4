"""The program that sends links for addresses: it gets one message and nothing else, and few run."""

from pathlib import Path

import pytest
import trio
import trio.testing

from hub.identity.address_hook import AT_ONCE, MAX_WAITING, AddressHook, HookFailed
from tests.support.accounts import hook_program, sent_by

PAGE = "https://chat.example.org/"


async def send(program: Path) -> None:
    await AddressHook(program, PAGE).send("ann@example.org", "t1", {"username": "ann"})


async def test_the_program_gets_the_link_in_one_json_object(tmp_path: Path) -> None:
    program = hook_program(tmp_path)
    await send(program)
    assert sent_by(program) == [
        {"email": "ann@example.org", "link": f"{PAGE}#email=t1", "username": "ann"}
    ]


async def test_the_program_gets_nothing_of_the_hubs_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLOUR_JWT_SECRET", "0123456789abcdef")
    program = hook_program(tmp_path, 'env > "$0.env"')
    await send(program)
    seen = (await trio.Path(f"{program}.env").read_text()).splitlines()
    assert [line for line in seen if "PARLOUR" in line or "0123456789abcdef" in line] == []


@pytest.mark.parametrize("line", ["exit 1", "kill -9 $$"])
async def test_a_program_that_fails_has_sent_nothing(tmp_path: Path, line: str) -> None:
    with pytest.raises(HookFailed):
        await send(hook_program(tmp_path, line))


async def test_a_program_that_cannot_be_started_has_sent_nothing(tmp_path: Path) -> None:
    program = hook_program(tmp_path)
    program.chmod(0o600)
    with pytest.raises(HookFailed):
        await send(program)
    with pytest.raises(HookFailed):
        await send(tmp_path / "missing")


async def test_a_program_that_takes_too_long_is_killed(
    tmp_path: Path, autojump_clock: trio.abc.Clock
) -> None:
    with pytest.raises(HookFailed):
        await send(hook_program(tmp_path, "exec sleep 5"))


async def test_the_programs_that_run_and_that_wait_are_limited(tmp_path: Path) -> None:
    hook = AddressHook(hook_program(tmp_path, 'echo x >> "$0.begun"; exec sleep 1000'), PAGE)
    async with trio.open_nursery() as nursery:
        for number in range(AT_ONCE + MAX_WAITING):
            nursery.start_soon(hook.send, "ann@example.org", str(number), {})
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(HookFailed):
            await hook.send("ann@example.org", "one more", {})
        nursery.cancel_scope.cancel()
    begun = Path(f"{hook.program}.begun")
    assert not begun.exists() or len(begun.read_text().splitlines()) <= AT_ONCE
