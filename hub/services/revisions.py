"""Changes to stored messages: editing, deleting, reacting, pinning, grading.

Guarantees: the policy decides, in the transaction that carries the change out; a message that the
asker may not see is treated like one that does not exist.
Must not know: dialects, sockets, SQL, who has which right.
"""

from collections.abc import Mapping
from typing import Final, assert_never

import trio
from attrs import frozen

from hub.files.collector import FileCollector
from hub.limits.quotas import Kind, Quota
from hub.services.posting.messaging import Messaging
from persistence.contents.revisions import RevisionDraft, RevisionRefusal, RevisionRules
from persistence.interface import Accounts
from persistence.interface import Revisions as RevisionStore
from protocol.answers import Changed
from protocol.commands import ReviseMessage
from protocol.errors import MAY_NOT_CHANGE, TOO_OFTEN, ErrorCode
from protocol.events import Refused
from protocol.model import User
from protocol.revisions import Delete, Edit, Grade, Pin, React, Revision

_CODES: Final[Mapping[RevisionRefusal, ErrorCode]] = {
    RevisionRefusal.NOT_FOUND: ErrorCode.MESSAGE_NOT_FOUND,
    RevisionRefusal.NOT_YOURS: ErrorCode.NOT_YOURS,
    RevisionRefusal.TOO_LATE: ErrorCode.TOO_LATE,
    RevisionRefusal.TOO_MANY_REACTIONS: ErrorCode.TOO_MANY_REACTIONS,
    RevisionRefusal.KEY_CONFLICT: ErrorCode.KEY_CONFLICT,
    RevisionRefusal.UNSTORABLE: ErrorCode.UNSTORABLE,
}


@frozen
class Revisions:
    """Carries out changes."""

    accounts: Accounts
    store: RevisionStore
    messaging: Messaging
    files: FileCollector
    rules: RevisionRules

    async def revise(self, user: User, quota: Quota, command: ReviseMessage) -> Changed | Refused:
        """Make a revision, and have it delivered.

        Raises:
            StoreUnavailable: the outcome is unknown, and repeating the command is safe.
        """
        kind = _kind(command.revision)
        if not quota.take(kind, trio.current_time()):
            wait = quota.retry_after(kind, trio.current_time())
            return Refused(ErrorCode.RATE_LIMITED, TOO_OFTEN, command.key, retry_after=wait)
        missing = Refused.because(ErrorCode.MESSAGE_NOT_FOUND, command.key)
        target = await self.store.target(user.id, command.message_id)
        if target is None or command.channel_id not in (None, target.channel_id):
            return missing
        if command.only_private and not target.is_private:
            return missing
        revision, key = command.revision, command.key
        draft = RevisionDraft(user.id, command.message_id, revision, target, self.rules, key)
        outcome = await self.messaging.revise(user, draft)
        if isinstance(outcome, RevisionRefusal):
            return _refused(outcome, command)
        if isinstance(draft.revision, Delete):
            await self.files.collect()
        message = outcome.message
        author = (
            user if message.author_id == user.id else await self.accounts.get(message.author_id)
        )
        if author is None:
            return missing
        return Changed(message, author, revision, repeated=outcome.repeated)


def _refused(refusal: RevisionRefusal, command: ReviseMessage) -> Refused:
    if refusal is not RevisionRefusal.NOT_ALLOWED:
        return Refused.because(_CODES[refusal], command.key)
    if isinstance(command.revision, Pin | Grade):
        return Refused.because(ErrorCode.STAFF_ONLY, command.key)
    return Refused(ErrorCode.NOT_ALLOWED, MAY_NOT_CHANGE, command.key)


def _kind(revision: Revision) -> Kind:
    """What a revision is counted as."""
    match revision:
        case Edit() | Delete() | Grade():
            return Kind.REVISIONS
        case React():
            return Kind.REACTIONS
        case Pin():
            return Kind.PINS
        case _:
            assert_never(revision)
