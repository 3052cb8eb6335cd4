"""A model that fails, hangs or never ends, over the real protocol."""

import subprocess
import sys

import pytest
import trio

from hub.services.assistant.language_model import EMPTY_ANSWER
from persistence.interface import Store
from tests.support.classroom import answer_of, ask, classroom
from tests.support.programs.completions import Manner


@pytest.mark.parametrize("manner", ["fails", "breaks off", "talks nonsense"])
async def test_a_failure_is_reported_to_the_asker_alone(
    memory_store: Store, manner: Manner
) -> None:
    async with classroom(memory_store, manner) as (school, _):
        channel = school.general.id
        anns, bens = await school.join(school.ann), await school.join(school.ben)
        await anns.receive_type("user_presence")
        await ask(anns, channel, "@AI help")
        await anns.receive_type("new_message")
        error = await anns.receive()
        while error["type"] == "user_typing":
            error = await anns.receive()
        assert (error["type"], error["code"]) == ("error", "assistant_unavailable")
        await ask(anns, channel, "never mind")
        await anns.receive_type("new_message")
        frames = [(await bens.receive())["type"]]
        while len([each for each in frames if each == "new_message"]) < 2:
            frames.append((await bens.receive())["type"])
        assert set(frames) == {"new_message", "user_typing"}


async def test_a_model_that_hangs_is_given_up(memory_store: Store) -> None:
    async with classroom(memory_store, "hangs", assistant_timeout=1.0) as (school, _):
        socket = await school.join(school.ann)
        await ask(socket, school.general.id, "@AI help")
        await socket.receive_type("new_message")
        error = await socket.receive()
        while error["type"] == "user_typing":
            error = await socket.receive()
        assert error["code"] == "assistant_unavailable"


async def test_an_endless_answer_is_cut_off(memory_store: Store) -> None:
    async with classroom(memory_store, "floods", max_content_chars=4_000) as (school, _):
        socket = await school.join(school.ann)
        await ask(socket, school.general.id, "@AI talk")
        await socket.receive_type("new_message")
        assert (await answer_of(socket))["content"] == "x" * 4_000


async def test_an_empty_answer_is_replaced_by_a_fixed_text(memory_store: Store) -> None:
    async with classroom(memory_store, "is empty") as (school, _):
        socket = await school.join(school.ann)
        await ask(socket, school.general.id, "@AI")
        await socket.receive_type("new_message")
        assert (await answer_of(socket))["content"] == EMPTY_ANSWER


async def test_the_number_of_concurrent_answers_is_limited(memory_store: Store) -> None:
    async with classroom(memory_store, "hangs", assistant_concurrency=2) as (school, server):
        sockets = [await school.join(person) for person in (school.ann, school.ben)]
        for socket in sockets:
            for _ in range(2):
                await ask(socket, school.general.id, "@AI?")
        while len(server.asked) < 2:
            await trio.lowlevel.checkpoint()
        server.proceed.set()
        for socket in sockets:
            socket.ignoring("user_typing", "user_presence")
            messages = [(await socket.receive_type("new_message"))["message"] for _ in range(8)]
            assert len([each for each in messages if each["authorId"] == 999]) == 4
        assert server.most == 2


def test_the_command_line_does_not_import_openai_at_the_start() -> None:
    code = "import sys, hub.cli.main; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
