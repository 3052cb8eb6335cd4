"""Revisions: what changes a stored message.

Guarantees: a closed union; each revision gives its channel's next `rev`, a number beside `seq` that
is dense within a channel and counts revisions alone. What is delivered is the message as it is
after the revision, so a client that missed several needs only the last. Must not know: who may
revise a message.
"""

from typing import Final, TypeAlias

from attrs import frozen

from protocol.model import GradingStatus

MAX_REACTION_KINDS: Final = 50
"""Different reactions of one message."""
NAMED_REACTORS: Final = 50
"""Users that are listed for each reaction: those who reacted first."""


@frozen
class Edit:
    """The author gives the message another text."""

    content: str


@frozen
class Delete:
    """The message loses its content; it keeps its `seq`."""


@frozen
class React:
    """A user adds a reaction of theirs, one emoji, or takes it back."""

    emoji: str
    is_added: bool = True


@frozen
class Pin:
    """The message is pinned to its channel, or unpinned."""

    is_pinned: bool = True


@frozen
class Grade:
    """Homework gets another status."""

    status: GradingStatus


Revision: TypeAlias = Edit | Delete | React | Pin | Grade
