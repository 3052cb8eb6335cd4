"""The times at which a node is well: neither stopped nor ended, with a database that responds."""

import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import inf
from typing import Final

from attrs import define, field

RECOVERY_SECONDS: Final = 5.0  # after a spell


@define(eq=False)
class Spell:
    """A time in which a node is not well."""

    since: float
    until: float = inf


@define
class Health:
    """The spells of each node, in their order. All times are of the wall clock."""

    spells: dict[str, list[Spell]] = field(factory=dict)

    @contextmanager
    def unwell(self, names: Sequence[str]) -> Iterator[None]:
        """In the context, these nodes are not well."""
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
        """The longest parts of a wait in which the node was well without a break: one that did not
        follow on a recent spell, and one that did.
        """
        calm, recovering, at, is_lately = 0.0, 0.0, since, False
        spells = self.spells.get(name, [])
        first = bisect_right(spells, since - RECOVERY_SECONDS, key=lambda spell: spell.until)
        for spell in islice(spells, first, None):
            if spell.since >= until:
                break
            if spell.until > since:
                well = max(0.0, spell.since - at)
                calm, recovering = _noted(calm, recovering, well, is_lately=is_lately)
                at = spell.until
            is_lately = True
        return _noted(calm, recovering, max(0.0, until - at), is_lately=is_lately)


def _noted(calm: float, recovering: float, well: float, *, is_lately: bool) -> tuple[float, float]:
    return (calm, max(recovering, well)) if is_lately else (max(calm, well), recovering)
