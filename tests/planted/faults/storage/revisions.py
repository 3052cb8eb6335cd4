"""Faults in what changes stored messages."""

from typing import Final

from tests.planted.fault import Fault

ROUTINE: Final = "persistence/postgres/routines/revisions.sql"
STORE: Final = "persistence/postgres/contents/revisions.py"
REVISING: Final = "hub/services/posting/revising.py"
SERVICE: Final = "hub/services/revisions.py"
ROUTES: Final = "hub/rest/routes/revisions.py"
EMOJI: Final = "protocol/parsing/emoji.py"
BY_STORE: Final = ("tests/persistence/contents/test_revisions.py",)
BY_DELIVERY: Final = ("tests/hub/services/posting/test_revising.py",)
BY_SOCKET: Final = ("tests/hub/services/test_changing_messages.py",)
BY_CALL: Final = ("tests/hub/rest/routes/test_revisions.py",)
BY_EMOJI: Final = ("tests/protocol/parsing/test_emoji.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a revision is made without asking for the right to it",
        ROUTINE,
        "            ELSE action END, place) THEN",
        "            ELSE action END, place) AND false THEN",
        BY_STORE,
    ),
    Fault(
        "an edit is not only its author's",
        ROUTINE,
        "IF action = 'edit' AND (message.author_id <> who OR",
        "IF action = 'edit' AND (false OR",
        BY_STORE,
    ),
    Fault(
        "rev has holes",
        ROUTINE,
        "SET last_rev = c.last_rev + 1 WHERE",
        "SET last_rev = c.last_rev + 2 WHERE",
        BY_STORE,
    ),
    Fault(
        "what changes nothing takes a rev",
        ROUTINE,
        "IF NOT is_changed THEN",
        "IF false THEN",
        BY_STORE,
    ),
    Fault(
        "the repeat of a revision is carried out again",
        ROUTINE,
        "IF used_key IS NOT NULL THEN\n        SELECT",
        "IF false THEN\n        SELECT",
        BY_STORE,
    ),
    Fault(
        "a message has any number of different reactions",
        ROUTINE,
        "WHERE r.message_id = of_message) >= 50 THEN",
        "WHERE r.message_id = of_message) >= 5000 THEN",
        BY_STORE,
    ),
    Fault(
        "a message may be edited for ever",
        ROUTINE,
        "IF action = 'edit' AND message.created_at <",
        "IF false AND message.created_at <",
        BY_STORE,
    ),
    Fault(
        "a deleted message keeps what it said",
        ROUTINE,
        "SET content = '', file_url = NULL, deleted_at = clock_timestamp(), rev",
        "SET file_url = NULL, deleted_at = clock_timestamp(), rev",
        (*BY_STORE, *BY_SOCKET),
    ),
    Fault(
        "earlier versions are shown to everybody who sees the message",
        STORE,
        'if not rows[0]["is_allowed"]:',
        'if rows[0]["is_allowed"] is None:',
        BY_CALL,
    ),
    Fault(
        "earlier versions of a deleted message can be read",
        STORE,
        "WHERE m.id = $2 AND m.deleted_at IS NULL AND may_in_channel($1, 'see'",
        "WHERE m.id = $2 AND may_in_channel($1, 'see'",
        BY_CALL,
    ),
    Fault(
        "versions are shown although the hub keeps none",
        ROUTES,
        "if not call.services.config.keep_versions:",
        "if call.services.config is None:",
        BY_CALL,
    ),
    Fault(
        "a revision is told to who blocks its author",
        STORE,
        "WHERE u.id IS NOT NULL AND may_join(u.id, c.id)) AS audience",
        "WHERE u.id IS NOT NULL) AS audience",
        BY_DELIVERY,
    ),
    Fault(
        "a revision is told although one before it is missing",
        "hub/services/posting/order.py",
        "if number != (self.positions.last(channel_id) or 0) + 1 or",
        "if",
        BY_DELIVERY,
    ),
    Fault(
        "a repeated revision is shown to nobody",
        "hub/sockets/replies.py",
        "for event in shown_again(answer.message, answer.revision, client.user):",
        "for event in shown_again(answer.message, answer.revision, client.user)[:0]:",
        BY_SOCKET,
    ),
    Fault(
        "/ws changes messages of channels",
        SERVICE,
        "if command.only_private and not target.is_private:",
        "if command.only_private and target.channel_id == 0:",
        (*BY_SOCKET, *BY_CALL),
    ),
    Fault(
        "the key of a call that changes a message is not read",
        ROUTES,
        "key = call.idempotency_key(None, field=KEY.name)",
        "key = None",
        BY_CALL,
    ),
    Fault(
        "a spelling of an emoji is stored as it came",
        EMOJI,
        "    return found\n",
        "    return text\n",
        BY_EMOJI,
    ),
    Fault(
        "any text of an emoji's length is a reaction",
        EMOJI,
        "    if found is None:\n",
        "    if not text:\n",
        BY_EMOJI,
    ),
    Fault(
        "who repeats a send is shown what was deleted or edited since",
        "persistence/postgres/posting.py",
        "ask(_CHANGED, repeats, list(",
        "ask(_CHANGED, repeats[:0], list(",
        ("tests/persistence/contents/test_revisions.py", "tests/persistence/test_posting.py"),
    ),
    Fault(
        "who has lost a conversation is shown what became of their message by repeating it",
        "persistence/postgres/posting.py",
        "           AND may_join(m.author_id, c.id)\n",
        "",
        ("tests/persistence/contents/test_revisions.py",),
    ),
)
