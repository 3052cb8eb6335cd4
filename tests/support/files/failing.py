"""A file store that fails when a test wants it to."""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping, Sequence

from attrs import define, field

from hub.files.store import FileStore, FilesUnavailable, Listed, Space, Stat


@define
class Failing:
    """Passes calls on to another store, as long as `error` is None.

    Args:
        store: the other one.
        only: the prefix of the keys that fail.
    """

    store: FileStore
    only: str = ""
    error: FilesUnavailable | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.store.name

    @property
    def piece_bytes(self) -> int:
        return self.store.piece_bytes

    def _fail(self, key: str) -> None:
        if self.error is not None and key.startswith(self.only):
            raise self.error

    async def put(self, key: str, chunks: AsyncIterable[bytes]) -> None:
        self._fail(key)
        await self.store.put(key, chunks)

    async def stat(self, key: str) -> Stat | None:
        self._fail(key)
        return await self.store.stat(key)

    async def read(self, key: str, start: int, size: int) -> bytes:
        self._fail(key)
        return await self.store.read(key, start, size)

    async def remove(self, keys: Sequence[str]) -> Mapping[str, str]:
        if not self.only:
            self._fail("")
        return await self.store.remove(keys)

    def listed(self) -> AsyncGenerator[Sequence[Listed], None]:
        self._fail(self.only)
        return self.store.listed()

    async def remove_torn(self, seconds: float) -> int:
        self._fail(self.only)
        return await self.store.remove_torn(seconds)

    async def check(self) -> None:
        self._fail(self.only)
        await self.store.check()

    async def space(self) -> Space | None:
        return await self.store.space()
