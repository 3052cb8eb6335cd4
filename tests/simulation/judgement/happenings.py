"""Reports the calls of the store to the truth at the moment they are made."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from protocol.model import MAX_ID, ChannelId, MessageId, UserId
from protocol.notes import Mute as StoredMute
from tests.simulation.judgement.truth import Truth
from tests.simulation.languages.notes import Hide, MarkUnread, Mute, Wish

CHANGES_RIGHTS: Final = {
    "block", "unblock", "request_follow", "accept_follow", "remove_follow", "change_profile",
    "add_member", "remove_member", "close", "close_all",
}  # fmt: skip


@frozen
class _Call:
    """A call that ended, with its arguments and its result."""

    truth: Truth
    args: Mapping[str, Any]
    result: Any

    @property
    def user_id(self) -> UserId:
        user_id: UserId = self.args["0"]
        return user_id


def happened(truth: Truth, call: tuple[str, str], args: Any, kwargs: Any, result: Any) -> None:
    """A method of a part of the store was called, and did not fail there."""
    given = {str(number): each for number, each in enumerate(args)} | kwargs
    tell = _TOLD.get(call)
    if tell is not None:
        tell(_Call(truth, given, result))
    elif call[1] in CHANGES_RIGHTS:
        truth.changed()


def _posted(call: _Call) -> None:
    call.truth.posted(call.args["0"], call.result)


def _revised(call: _Call) -> None:
    call.truth.revised(call.args["0"], call.result)


def _noted(call: _Call, wish: Wish) -> None:
    if call.result is not None:
        call.truth.notes.fulfilled(call.user_id, wish, call.result)


def _marked_unread(call: _Call) -> None:
    _noted_of_message(call, MarkUnread)


def _hidden(call: _Call) -> None:
    is_hidden = call.args.get("is_hidden", True)
    _noted_of_message(call, lambda message: Hide(message, is_hidden))


def _noted_of_message(call: _Call, wish: Callable[[Any], Wish]) -> None:
    committed = call.truth.find(call.args["1"])
    if committed is not None:
        _noted(call, wish(committed.message))


def _muted(call: _Call) -> None:
    channel_id: ChannelId = call.args["1"]
    mute: StoredMute | None = call.args["2"]
    _noted(call, Mute(channel_id, mute is not None))


def _read(call: _Call) -> None:
    truth, me = call.truth, call.user_id
    channel_id = truth.places.conversation(me, call.args["1"])
    last = len(truth.tables.channels[channel_id].messages)
    _has_read(call, channel_id, min(call.args.get("up_to", MAX_ID), last))


def _read_up_to(call: _Call) -> None:
    committed = call.truth.find(call.args["1"])
    if committed is not None:
        _has_read(call, *committed.message.position)


def _has_read(call: _Call, channel_id: ChannelId, seq: int) -> None:
    if call.truth.sees(call.user_id, channel_id):
        call.truth.notes.has_read((call.user_id, channel_id), seq, call.result)


def _followed(call: _Call) -> None:
    _follows(call, is_following=True)


def _unfollowed(call: _Call) -> None:
    _follows(call, is_following=False)


def _follows(call: _Call, *, is_following: bool) -> None:
    message_id: MessageId = call.args["1"]
    if call.result:
        last = _last_seq(call, message_id)
        call.truth.threads.followed(call.user_id, message_id, last, is_following=is_following)


def _marked(call: _Call) -> None:
    message_id: MessageId = call.args["1"]
    if call.result:
        up_to = min(call.args.get("up_to", MAX_ID), _last_seq(call, message_id))
        call.truth.threads.marked(call.user_id, message_id, up_to)


def _last_seq(call: _Call, message_id: MessageId) -> int:
    return len(call.truth.tables.messages[message_id].messages)


_Tell: TypeAlias = Callable[[_Call], None]
_TOLD: Final[Mapping[tuple[str, str], _Tell]] = {
    ("messages", "post"): _posted,
    ("messages", "mark_read"): _read,
    ("messages", "mark_read_up_to"): _read_up_to,
    ("revisions", "revise"): _revised,
    ("notes", "mark_unread"): _marked_unread,
    ("notes", "hide"): _hidden,
    ("notes", "mute"): _muted,
    ("threads", "follow"): _followed,
    ("threads", "unfollow"): _unfollowed,
    ("threads", "mark_read"): _marked,
}
