"""When a node is well: neither stopped nor ended, with a database that answers."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf

from attrs import define, field


@define(eq=False)
class Spell:
    """A time in which a node is not well."""

    since: float
    until: float = inf


@define
class Health:
    """The spells of each node, in their order. All times are of the wall."""

    spells: dict[str, list[Spell]] = field(factory=dict)

    @contextmanager
    def unwell(self, names: Sequence[str]) -> Iterator[None]:
        """These nodes are not, inside."""
        now = time.time()
        began = [(name, Spell(now)) for name in names]
        for name, spell in began:
            self.spells.setdefault(name, []).append(spell)
        try:
            yield
        finally:
            for _, spell in began:
                spell.until = time.time()

    def waits(self, name: str, since: float, until: float) -> tuple[float, float]:
        """Somebody at a node waited for so long. How much of it was it well without a break:
        before its first spell, and between or after its spells?
        """
        before, after, at, is_first = 0.0, 0.0, since, True
        for spell in self.spells.get(name, ()):
            if spell.until <= since or spell.since >= until:
                continue
            well = max(0.0, spell.since - at)
            before, after = (well, after) if is_first else (before, max(after, well))
            at, is_first = spell.until, False
        rest = max(0.0, until - at)
        return (rest, after) if is_first else (before, max(after, rest))
