"""Deletes an account, for its owner over REST or for the operator.

Guarantees: the messages of the account are swept first, a part at a time, in statements that stay
short however many there are; those written meanwhile are swept with the account. If the deletion is
interrupted, the account is still there, and can be deleted again. Must not know: who may delete
whom, files on disk (`hub.files.collector` removes them).
"""

from collections.abc import Sequence
from typing import Final

from persistence.interface import Store
from protocol.model import MessageFate, MessageId, UserId, Workspace

PART: Final = 5_000  # messages that one statement looks at


class OwnsWorkspaces(Exception):
    """Others are members of workspaces that the user owns."""

    def __init__(self, workspaces: Sequence[Workspace]) -> None:
        self.workspaces = workspaces
        super().__init__("others are members of a workspace of this user")


async def shared_workspaces(store: Store, user_id: UserId) -> Sequence[Workspace]:
    """The workspaces that a user owns and others are members of."""
    owned = [each for each in await store.workspaces.of_user(user_id) if each.owner_id == user_id]
    return [each for each in owned if set(each.members) - {user_id}]


async def delete_account(store: Store, user_id: UserId, fate: MessageFate) -> None:
    """Delete an account and what belongs to it: see `Accounts.delete`.

    Raises:
        OwnsWorkspaces: nothing was done.
        NoSuchUser: there is no such account any more.
    """
    await _require_no_others(store, user_id)
    above = await store.log.sweep(user_id, fate, above=MessageId(0), limit=PART)
    while above is not None:
        above = await store.log.sweep(user_id, fate, above=above, limit=PART)
    if not await store.accounts.delete(user_id, fate):
        await _require_no_others(store, user_id)


async def _require_no_others(store: Store, user_id: UserId) -> None:
    shared = await shared_workspaces(store, user_id)
    if shared:
        raise OwnsWorkspaces(shared)
