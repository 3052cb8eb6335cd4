"""Revisions that are made in a store, without a hub."""

from persistence.interface import Store
from persistence.records import Locked
from persistence.revisions import (
    Revised,
    RevisionDraft,
    RevisionOutcome,
    RevisionRefusal,
    RevisionRules,
)
from protocol.model import Message, MessageId, UserId
from protocol.revisions import Revision


async def revised(
    store: Store,
    message_id: MessageId,
    revision: Revision,
    *,
    by: UserId,
    key: str | None = None,
    rules: RevisionRules = RevisionRules(),  # noqa: B008  a value
) -> RevisionOutcome:
    """What comes of a revision."""
    target = await store.revisions.target(by, message_id)
    if target is None:
        return RevisionRefusal.NOT_FOUND
    draft = RevisionDraft(by, message_id, revision, target, rules, key)
    (outcome,) = await store.revisions.revise([draft])
    assert not isinstance(outcome, Locked)
    return outcome


async def changed(
    store: Store, message_id: MessageId, revision: Revision, *, by: UserId
) -> Message:
    """The message after a revision that is allowed."""
    outcome = await revised(store, message_id, revision, by=by)
    assert isinstance(outcome, Revised), outcome
    return outcome.message
