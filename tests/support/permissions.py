"""The table of docs/permissions.md: `python -m tests.support.permissions` prints it."""

from collections.abc import Iterator

from persistence.policy import MEANINGS, POLICY, Place, Rule
from protocol.model import Standing

_COLUMNS = {
    Place.CONVERSATION: (Standing.PARTICIPANT, Standing.CONTACT),
}
_MEMBERS = (Standing.GUEST, Standing.MEMBER, Standing.MODERATOR, Standing.OWNER)
_TITLES = {
    Place.WORKSPACE: "A workspace",
    Place.CHANNEL: "A channel",
    Place.ANNOUNCEMENTS: "A channel of announcements",
    Place.CONVERSATION: "A private conversation",
}


def as_page() -> str:
    """A section with a table for each place."""
    return "\n".join(line for place in Place for line in _section(place))


def _section(place: Place) -> Iterator[str]:
    standings = _COLUMNS.get(place, _MEMBERS)
    yield f"## {_TITLES[place]}"
    yield ""
    yield f"| action | what it covers | {' | '.join(standings)} |"
    yield f"|---|---|{'---|' * len(standings)}"
    for rule in POLICY:
        if rule.place is place:
            yield _row(rule, standings)
    yield ""


def _row(rule: Rule, standings: tuple[Standing, ...]) -> str:
    cells = " | ".join("yes" if each in rule.standings else "no" for each in standings)
    return f"| `{rule.action}` | {MEANINGS[rule.action]} | {cells} |"


if __name__ == "__main__":
    print(as_page())  # noqa: T201  its purpose
