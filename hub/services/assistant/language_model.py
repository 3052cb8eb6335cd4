"""A language model behind any OpenAI-compatible server.

Guarantees: `openai` is imported only for the first completion, off the event loop; a completion
takes at most `timeout` seconds and `max_chars` characters, whatever the server sends; every failure
is raised as `NoAnswer`. Must not know: channels, users.
"""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import trio
from attrs import field, frozen

if TYPE_CHECKING:
    from openai import AsyncOpenAI

EMPTY_ANSWER: Final = "I don't have a response for that."
TUTOR: Final = (
    "You are a friendly tutor for school-level mathematics and science. Explain clearly, step by"
    " step, in simple words, and encourage the student. If a question has nothing to do with"
    " learning, lead back to it kindly."
)


class NoAnswer(Exception):
    """The model gave no completion; the text is the reason, for the log."""


@frozen
class Turn:
    """A part of the dialogue: `role` is "system", "user" or "assistant"."""

    role: str
    content: str = field(repr=False)


class LanguageModel:
    """Gets completions from the model.

    Args:
        url: the server's base URL; None for OpenAI's own.
        model: the model's name.
        key: the API key; None when the server wants none.
        timeout: seconds for a whole completion.
        concurrency: completions at a time; more wait.
        max_chars: the longest completion; the rest is cut off.
    """

    def __init__(
        self,
        url: str | None,
        model: str,
        key: str | None,
        *,
        timeout: float,
        concurrency: int,
        max_chars: int,
    ) -> None:
        self._url = url
        self._model = model
        self._key = key
        self._timeout = timeout
        self._max_chars = max_chars
        self._places = trio.CapacityLimiter(concurrency)
        self._client: AsyncOpenAI | None = None
        self._connecting = trio.Lock()

    async def answer(self, turns: Sequence[Turn]) -> str:
        """A completion, never empty.

        Raises:
            NoAnswer: it failed, or took too long.
        """
        turns = (Turn("system", TUTOR), *turns)
        try:
            with trio.fail_after(self._timeout):
                async with self._places:
                    return await self._stream(turns)
        except trio.TooSlowError:
            raise NoAnswer(f"no answer within {self._timeout} s") from None
        except Exception as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _stream(self, turns: Sequence[Turn]) -> str:
        client = await self._connect()
        messages: Any = [{"role": turn.role, "content": turn.content} for turn in turns]
        parts: list[str] = []
        size = 0
        async with await client.chat.completions.create(
            model=self._model, messages=messages, stream=True
        ) as stream:
            # Not left by `break`: cancelling it ends the generators below the stream too.
            with trio.CancelScope() as enough:
                async for chunk in stream:
                    text = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                    parts.append(text)
                    size += len(text)
                    if size >= self._max_chars:
                        enough.cancel()
        answer = "".join(parts)[: self._max_chars].replace("\x00", "")
        return answer if answer.strip() else EMPTY_ANSWER

    async def _connect(self) -> "AsyncOpenAI":
        async with self._connecting:
            if self._client is None:
                # The import takes about a second and 36 MB, so it is done in a thread, and only
                # when it is needed.
                openai = await trio.to_thread.run_sync(importlib.import_module, "openai")
                self._client = openai.AsyncOpenAI(
                    base_url=self._url,
                    api_key=self._key or "none",
                    timeout=self._timeout,
                    max_retries=1,
                )
            return self._client
