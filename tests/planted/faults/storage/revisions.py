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
BY_LOCK: Final = ("tests/persistence/postgres/contents/test_revisions.py",)
BY_DELIVERY: Final = ("tests/hub/services/posting/test_revising.py",)
BY_SOCKET: Final = ("tests/hub/services/test_changing_messages.py",)
BY_CALL: Final = ("tests/hub/rest/routes/test_revisions.py",)
BY_EMOJI: Final = ("tests/protocol/parsing/test_emoji.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a revision is stored without a check of the right to it",
        ROUTINE,
        "            ELSE action END, place) THEN",
        "            ELSE action END, place) AND false THEN",
        BY_STORE,
    ),
    Fault(
        "a user can edit messages of other authors",
        ROUTINE,
        "IF action = 'edit' AND (message.author_id <> who OR",
        "IF action = 'edit' AND (false OR",
        BY_STORE,
    ),
    Fault(
        "the revs of a channel have gaps",
        ROUTINE,
        "SET last_rev = c.last_rev + 1,",
        "SET last_rev = c.last_rev + 2,",
        BY_STORE,
    ),
    Fault(
        "a revision that changes nothing gets a new rev",
        ROUTINE,
        "IF NOT is_changed THEN",
        "IF false THEN",
        BY_STORE,
    ),
    Fault(
        "a repeated revision is carried out again",
        ROUTINE,
        "IF used_key IS NOT NULL THEN\n        SELECT",
        "IF false THEN\n        SELECT",
        BY_STORE,
    ),
    Fault(
        "a message may have any number of different reactions",
        ROUTINE,
        "AND r.message_id = of_message) >= 50 THEN",
        "AND r.message_id = of_message) >= 5000 THEN",
        BY_STORE,
    ),
    Fault(
        "a message may be edited without a time limit",
        ROUTINE,
        "IF action = 'edit' AND message.created_at <",
        "IF false AND message.created_at <",
        BY_STORE,
    ),
    Fault(
        "a deleted message keeps its text",
        ROUTINE,
        "SET content = '', file_url = NULL, deleted_at = clock_timestamp(), rev",
        "SET file_url = NULL, deleted_at = clock_timestamp(), rev",
        (*BY_STORE, *BY_SOCKET),
    ),
    Fault(
        "earlier versions of a message are shown to every user who may see it",
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
        "versions are shown although the settings turn them off",
        ROUTES,
        "if not call.services.config.keep_versions:",
        "if call.services.config is None:",
        BY_CALL,
    ),
    Fault(
        "a revision in a dm is delivered to a user who blocks its author",
        STORE,
        "WHERE u.id IS NOT NULL AND may_join(u.id, c.id)) AS audience",
        "WHERE u.id IS NOT NULL) AS audience",
        BY_DELIVERY,
    ),
    Fault(
        "a revision is delivered although an earlier one is missing",
        "hub/services/posting/order.py",
        "if number != (self.positions.last(channel_id) or 0) + 1 or",
        "if",
        BY_DELIVERY,
    ),
    Fault(
        "a repeated revision sends no event to its client",
        "hub/sockets/replies.py",
        "for event in shown_again(answer.message, answer.revision, client.user):",
        "for event in shown_again(answer.message, answer.revision, client.user)[:0]:",
        BY_SOCKET,
    ),
    Fault(
        "/ws can change messages of channels",
        SERVICE,
        "if command.only_private and not target.is_private:",
        "if command.only_private and target.channel_id == 0:",
        (*BY_SOCKET, *BY_CALL),
    ),
    Fault(
        "the idempotency key of a REST revision is ignored",
        ROUTES,
        "key = call.idempotency_key(None, field=KEY.name)",
        "key = None",
        BY_CALL,
    ),
    Fault(
        "a reaction is stored in the spelling that the client sent",
        EMOJI,
        "    return found\n",
        "    return text\n",
        BY_EMOJI,
    ),
    Fault(
        "any text of an emoji's length is accepted as a reaction",
        EMOJI,
        "    if found is None:\n",
        "    if not text:\n",
        BY_EMOJI,
    ),
    Fault(
        "a repeated send shows a message as it was before its edit or deletion",
        "persistence/postgres/posting.py",
        "ask(_CHANGED, repeats, list(",
        "ask(_CHANGED, repeats[:0], list(",
        ("tests/persistence/contents/test_revisions.py", "tests/persistence/test_posting.py"),
    ),
    Fault(
        "a repeated send shows a message's changes to an author who lost the conversation",
        "persistence/postgres/posting.py",
        "           AND may_join(m.author_id, c.id)\n",
        "",
        ("tests/persistence/contents/test_revisions.py",),
    ),
    Fault(
        "a batch of revisions locks its messages in the order of the batch",
        ROUTINE,
        "    PERFORM FROM messages m WHERE m.id = ANY (ids) AND m.channel_id = ANY (held)\n"
        "      ORDER BY m.id FOR NO KEY UPDATE;\n",
        "",
        BY_LOCK,
    ),
    Fault(
        "a batch of deletions locks threads in the order of its replies",
        ROUTINE,
        "WHERE d.action = 'delete')",
        "WHERE false)",
        BY_LOCK,
    ),
    Fault(
        "a revision waits for another one of the same user in another channel",
        ROUTINE,
        "(revise_messages.users) ORDER BY u.id FOR KEY SHARE;",
        "(revise_messages.users) ORDER BY u.id FOR NO KEY UPDATE;",
        BY_LOCK,
    ),
)
