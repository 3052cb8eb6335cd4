"""A planted fault: a small patch of one file, and the test files about it."""

from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]


@frozen
class Fault:
    """A plausible mistake in the code.

    Args:
        name: what goes wrong, in plain words.
        file: the patched file, from the root of the repository.
        old: the text that is replaced; it occurs exactly once in the file.
        new: the text that takes its place.
        part: the test files about that code.
    """

    name: str
    file: str
    old: str
    new: str
    part: tuple[str, ...]

    def patched(self, source: str) -> str:
        """The source with the fault in it.

        Raises:
            ValueError: `old` does not occur exactly once.
        """
        if source.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has the text {source.count(self.old)} times"
            )
        return source.replace(self.old, self.new)
